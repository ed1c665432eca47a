// The current run: how far, how fast, how long still.

import { byId, setText } from './dom.js';
import { count, duration, moment, runName, stateOf } from './format.js';
import { Sparkline } from './sparkline.js';

const sparkline = new Sparkline(byId('sparkline'));
let shown = null;

/** Shows a run's progress, or that there is none. */
export function showCurrent(run) {
  byId('current-body').hidden = !run;
  byId('current-state').hidden = !run;
  if (!run) {
    shown = null;
    return;
  }

  if (shown !== run.run) sparkline.clear();
  shown = run.run;

  setText('current-name', runName(run.run));
  setText('current-about', about(run));
  const state = stateOf(run);
  setText('current-state', state.label);
  byId('current-state').dataset.kind = state.kind;

  const total = run.published ?? run.expected;
  const settled = run.stored + run.rejected;
  setText('current-percent', run.percent == null ? count(run.stored) : percent(run.percent));
  setText('current-percent-unit', run.percent == null ? 'stored' : '%');
  setText('current-of', total == null ? 'Nobody has said how many there will be.' : `${count(run.stored)} of ${count(total)} stored`);
  const bar = byId('current-bar');
  bar.hidden = run.percent == null;
  bar.setAttribute('aria-valuenow', Math.floor(run.percent ?? 0));
  bar.firstElementChild.style.width = `${run.percent ?? 0}%`;

  const seconds = run.updatedAt ? (new Date(run.updatedAt) - new Date(run.firstSeen)) / 1000 : 0;
  setText('current-elapsed', `${run.state === 'finished' ? 'Took' : 'For'} ${duration(seconds)}`);
  setText('current-left', left(run, total, settled));

  setText('figure-total-label', run.published == null ? 'Expected' : 'Published');
  setText('figure-total', count(total));
  for (const name of ['received', 'stored', 'rejected', 'duplicates']) setText(`figure-${name}`, count(run[name]));

  const finished = run.state === 'finished';
  setText('current-rate', run.rate == null ? '–' : count(run.rate) + (finished ? ' on average' : ''));
  if (run.rate != null && !finished) sparkline.add(run.rate);
  for (const part of byId('sparkline').parentElement.querySelectorAll('svg, .times')) part.toggleAttribute('hidden', finished && sparkline.isEmpty);
  setText('current-peak', sparkline.peak > 0 ? `peak ${count(sparkline.peak)}` : '');
}

/** Whether the figures are those of now. */
export function markStale(stale) {
  byId('current').dataset.stale = stale;
}

function about(run) {
  const parts = [];
  if (run.devices != null) parts.push(`${count(run.devices)} ${run.devices === 1 ? 'device' : 'devices'}`);
  if (run.metric) parts.push(run.unit ? `${run.metric} in ${run.unit}` : run.metric);
  if (run.qos != null) parts.push(`QoS ${run.qos}`);
  if (run.source) parts.push(run.source);
  parts.push(`since ${moment(run.firstSeen)}`);
  return parts.join(' · ');
}

function left(run, total, settled) {
  if (run.state === 'finished') return run.finishedAt ? `Finished ${moment(run.finishedAt)}` : '';
  if (total != null && settled >= total) return 'All there';
  return run.secondsLeft == null ? '' : `About ${duration(run.secondsLeft)} left`;
}

const percent = (value) => (value === 100 ? '100' : value.toFixed(value >= 99.9 ? 2 : 1));
