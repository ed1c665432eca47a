// What a device measured last.

import { get } from './api.js';
import { byId, element } from './dom.js';
import { count, moment, runName } from './format.js';

let asking;

/** Looks a device up whenever the form is sent. */
export function listenForDevices() {
  byId('device-form').addEventListener('submit', (event) => {
    event.preventDefault();
    lookUp(byId('device-name').value.trim());
  });
}

async function lookUp(device) {
  if (!device) return;
  asking?.abort();
  asking = new AbortController();
  const result = byId('device-result');
  try {
    const answer = await get(`/api/devices/${encodeURIComponent(device)}/latest`, asking.signal);
    result.replaceChildren(table(answer));
  } catch (error) {
    if (error.name !== 'AbortError') result.replaceChildren(element('p', { class: 'note' }, error.message));
  }
}

function table({ device, readings }) {
  const heads = [['Metric'], ['Value', 'number'], ['Measured'], ['Run'], ['Number', 'number']];
  return element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Latest readings of ${device}` },
    element('table', {},
      element('thead', {}, element('tr', {}, ...heads.map(([text, kind]) => element('th', { scope: 'col', class: kind }, text)))),
      element('tbody', {}, ...readings.map(row))));
}

function row(reading) {
  const value = element('td', { class: 'number' }, `${number(reading.value)} ${unit(reading.unit)}`.trim());
  if (reading.rawText) value.append(element('div', { class: 'raw' }, `from “${reading.rawText}”`));
  return element('tr', {},
    element('td', {}, reading.metric),
    value,
    element('td', {}, element('time', { datetime: reading.at, title: `Stored ${moment(reading.receivedAt)}` }, moment(reading.at))),
    element('td', {}, runName(reading.run)),
    element('td', { class: 'number' }, reading.run === '0' ? '–' : count(reading.seq)));
}

const number = (value) => (typeof value === 'number' ? new Intl.NumberFormat('en', { maximumSignificantDigits: 8 }).format(value) : value);

/** The usual signs of the most usual units (SenML registry); any other stands as it is. */
const unit = (name) => ({ Cel: '°C', '%RH': '% RH', '/': '' })[name] ?? name;
