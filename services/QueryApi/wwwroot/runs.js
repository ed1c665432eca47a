// The list of runs. A press of one asks for its ledger.

import { get } from './api.js';
import { byId, element } from './dom.js';
import { ago, count, moment, runName, stateOf } from './format.js';

const pageSize = 8;
let pages = 1;
let selected = null;

/** Marks a run as the one whose ledger is shown. */
export function select(run) {
  selected = run;
  for (const button of byId('runs').querySelectorAll('button')) button.setAttribute('aria-pressed', button.dataset.run === run);
}

/** Reads the list again, as many pages as are open. */
export async function refreshRuns(onChoose) {
  const runs = [];
  let next = null;
  for (let page = 0; page < pages && (page === 0 || next); page++) {
    const answer = await get(`/api/runs?limit=${pageSize}${next ? `&before=${next}` : ''}`);
    runs.push(...answer.runs);
    next = answer.next;
  }

  const focused = document.activeElement?.dataset?.run;
  byId('runs-empty').hidden = runs.length > 0;
  byId('runs').replaceChildren(...runs.map((run) => item(run, onChoose)));
  if (focused) byId('runs').querySelector(`[data-run="${CSS.escape(focused)}"]`)?.focus();
  const more = byId('runs-more');
  more.hidden = !next;
  more.onclick = () => {
    pages++;
    refreshRuns(onChoose);
  };
}

function item(run, onChoose) {
  const total = run.published ?? run.expected;
  const state = stateOf(run);
  const button = element('button', { type: 'button', 'data-run': run.run, 'aria-pressed': run.run === selected, title: `First seen ${moment(run.firstSeen)}` },
    element('span', { class: 'name' }, runName(run.run)),
    element('span', { class: 'state', 'data-kind': state.kind }, state.label),
    element('span', { class: 'detail' }, total == null ? `${count(run.stored)} stored` : `${count(run.stored)} of ${count(total)} stored`),
    element('span', { class: 'when' }, ago(run.firstSeen)));
  button.addEventListener('click', () => onChoose(run.run));
  return element('li', {}, button);
}
