// The ledger of one run: does it balance, and if not, what is missing.

import { get } from './api.js';
import { byId, element } from './dom.js';
import { count, runName } from './format.js';

let asking;
let current = null;

/** Counts a run and shows its ledger; what was asked before is given up. */
export async function showLedger(run) {
  asking?.abort();
  const mine = asking = new AbortController();
  const again = byId('ledger-again');
  again.hidden = false;
  again.disabled = true;
  again.onclick = () => showLedger(run);
  byId('ledger').setAttribute('aria-busy', 'true');
  byId('ledger-title').textContent = `Ledger of ${runName(run)}`;
  byId('ledger-hint').hidden = false;
  byId('ledger-hint').textContent = 'Counting every reading …';
  if (current !== run) byId('ledger-body').replaceChildren();
  current = run;

  try {
    const ledger = await get(`/api/runs/${encodeURIComponent(run)}/ledger`, mine.signal);
    byId('ledger-hint').hidden = true;
    byId('ledger-body').replaceChildren(...parts(ledger));
  } catch (error) {
    if (error.name === 'AbortError') return; // another run was chosen, and writes here now
    byId('ledger-hint').textContent = error.message;
    byId('ledger-body').replaceChildren();
  }

  again.disabled = false;
  byId('ledger').setAttribute('aria-busy', 'false');
}

function* parts(ledger) {
  yield verdict(ledger);
  yield equation(ledger);
  yield facts(ledger);
  if (ledger.missing.length) yield ranges('Missing', ledger.missing, ledger.missingRanges, ledger.missingTotal);
  if (ledger.rejectedRanges.length) yield ranges('Rejected', ledger.rejectedRanges, ledger.rejectedRangesTotal, ledger.rejected);
}

function verdict(ledger) {
  const onlyMissing = ledger.reasons.length === 1 && ledger.missingTotal > 0;
  const unplanned = ledger.expected == null && !ledger.conflicts && !ledger.overlap;
  const [kind, title, mark] = ledger.balanced ? ['good', 'Balanced', 'check']
    : ledger.state === 'started' && onlyMissing ? ['wait', 'Not complete yet', 'dots']
      : unplanned ? ['warn', 'Nothing to compare with', 'dots']
        : ['bad', 'Not balanced', 'cross'];
  const said = ledger.balanced
    ? [element('p', {}, 'Every reading is stored once or rejected, none is missing, none is there twice.')]
    : [element('ul', {}, ...ledger.reasons.map((reason) => element('li', {}, reason)))];
  return element('div', { class: 'verdict', 'data-kind': kind }, seal(mark), element('div', {}, element('h3', {}, title), ...said));
}

function seal(mark) {
  const svg = (name, attributes) => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const root = svg('svg', { class: 'seal', viewBox: '0 0 52 52', 'aria-hidden': 'true', fill: 'none', stroke: 'currentColor', 'stroke-linecap': 'round', 'stroke-linejoin': 'round' });
  const paths = { check: 'M17 27l6.5 6.5L36 20', cross: 'M19 19l14 14M33 19L19 33', dots: 'M17 26h.01M26 26h.01M35 26h.01' };
  root.append(
    svg('circle', { cx: 26, cy: 26, r: 24, 'stroke-width': 2 }),
    svg('circle', { cx: 26, cy: 26, r: 19.5, 'stroke-width': 1, opacity: 0.5 }),
    svg('path', { d: paths[mark], 'stroke-width': mark === 'dots' ? 5 : 4 }));
  return root;
}

function equation(ledger) {
  const sign = (text) => element('span', { class: 'sign', 'aria-hidden': 'true' }, text);
  const term = (label, value, wrong = false) => element('div', { class: wrong ? 'wrong' : null }, element('dt', {}, label), element('dd', {}, count(value)));
  const total = ledger.published ?? ledger.expected;
  const head = total == null ? [] : [term(ledger.published == null ? 'expected' : 'published', total), sign('=')];
  return element('dl', { class: 'equation' }, ...head,
    term('stored', ledger.distinct), sign('+'), term('rejected', ledger.rejected), sign('+'), term('missing', ledger.missingTotal, ledger.missingTotal > 0));
}

function facts(ledger) {
  const fact = (label, value, wrong = false) => element('div', { class: wrong ? 'wrong' : null }, element('dt', {}, label), element('dd', {}, count(value)));
  return element('dl', { class: 'facts' },
    fact('Rows', ledger.stored),
    fact('Different identities', ledger.distinct, ledger.stored !== ledger.distinct),
    fact('Conflicts', ledger.conflicts, ledger.conflicts > 0),
    fact('Stored and rejected', ledger.overlap, ledger.overlap > 0),
    fact('Not in the plan', ledger.unexpected, ledger.unexpected > 0),
    fact('Received', ledger.received),
    fact('Delivered again', ledger.duplicates));
}

function ranges(title, listed, total, identities) {
  const name = `${title.toLowerCase()}-ranges`;
  const more = total > listed.length ? `, the first ${count(listed.length)} of ${count(total)} ranges` : '';
  const row = (range) => element('tr', {},
    element('td', {}, range.device, element('span', { class: 'sub' }, range.metric)),
    element('td', { class: 'number' }, range.from === range.to ? count(range.from) : `${count(range.from)} – ${count(range.to)}`),
    element('td', { class: 'number' }, count(range.to - range.from + 1)));
  return element('div', { class: 'ranges' },
    element('h3', { id: name }, `${title}: ${count(identities)}${more}`),
    element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': name },
      element('table', {},
        element('thead', {}, element('tr', {},
          element('th', { scope: 'col' }, 'Device and metric'),
          element('th', { scope: 'col', class: 'number' }, 'Numbers'), element('th', { scope: 'col', class: 'number' }, 'Readings'))),
        element('tbody', {}, ...listed.map(row)))));
}
