// Puts the page together: the stream feeds the current run, and its changes refresh the list.

import { get } from './api.js';
import { byId } from './dom.js';
import { listenForDevices } from './device.js';
import { markStale, showCurrent } from './current.js';
import { follow } from './feed.js';
import { showLedger } from './ledger.js';
import { refreshRuns, select } from './runs.js';

const listEvery = 5000; // the list moves slower than the stream
let last = null;
let lastList = 0;

const connections = {
  live: ['Live', 'good'],
  lost: ['Connection lost, trying again', 'warn'],
  away: ['Database away, trying again', 'bad'],
};

function choose(run) {
  if (location.hash !== hashOf(run)) location.hash = hashOf(run); // the run can be bookmarked, and Back works
  else open(run);
}

function open(run) {
  select(run);
  showLedger(run);
}

const hashOf = (run) => `#${encodeURIComponent(run)}`;
const runOfHash = () => decodeURIComponent(location.hash.slice(1));

// A run's name, or the link of AppHost to whichever run is the newest: no run has such a name.
async function openHash() {
  if (location.hash !== '#!ledger') {
    if (location.hash) open(runOfHash());
    return;
  }

  try {
    const [newest] = (await get('/api/runs?limit=1')).runs;
    if (newest) choose(newest.run);
  } catch {
    // the stream shows that something is wrong, and the link can be followed again
  }
}

async function list() {
  lastList = performance.now();
  try {
    await refreshRuns(choose);
  } catch {
    lastList = 0; // the stream shows that something is wrong; the next event tries again
  }
}

function onProgress(run) {
  showCurrent(run);
  const changed = run?.run !== last?.run || run?.state !== last?.state;
  const finished = changed && last?.run === run?.run && run?.state === 'finished';
  if (changed || (run?.stored !== last?.stored && performance.now() - lastList > listEvery) || lastList === 0) list();
  if (finished && (!location.hash || runOfHash() === run.run)) choose(run.run); // the moment everybody has waited for
  last = run;
}

function onState(state, detail) {
  const [text, kind] = connections[state];
  const pill = byId('connection');
  if (pill.textContent !== text) pill.textContent = text;
  pill.dataset.kind = kind;
  pill.title = detail ?? '';
  markStale(state !== 'live');
}

window.addEventListener('hashchange', openHash);
listenForDevices();
list();
openHash();
follow('/api/events', onProgress, onState);
