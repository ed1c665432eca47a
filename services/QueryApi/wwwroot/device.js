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
    result.replaceChildren(element('ul', { class: 'readings', 'aria-label': `Latest readings of ${answer.device}` }, ...answer.readings.map(card)));
  } catch (error) {
    if (error.name !== 'AbortError') result.replaceChildren(element('p', { class: 'note' }, error.message));
  }
}

function card(reading) {
  const run = reading.run === '0' ? runName(reading.run) : `${reading.run}, number ${count(reading.seq)}`;
  return element('li', {},
    element('p', { class: 'metric' }, reading.metric),
    element('p', { class: 'value' }, `${number(reading.value)} ${unit(reading.unit)}`.trim()),
    element('p', { class: 'sub' }, ...(reading.rawText ? [`found in “${reading.rawText}”`] : [])),
    element('p', { class: 'sub' }, 'measured ', element('time', { datetime: reading.at, title: `Stored ${moment(reading.receivedAt)}` }, moment(reading.at))),
    element('p', { class: 'sub' }, run));
}

const number = (value) => (typeof value === 'number' ? new Intl.NumberFormat('en', { maximumSignificantDigits: 8 }).format(value) : value);

/** The usual signs of the most usual units (SenML registry); any other stands as it is. */
const unit = (name) => ({ Cel: '°C', '%RH': '% RH', '/': '' })[name] ?? name;
