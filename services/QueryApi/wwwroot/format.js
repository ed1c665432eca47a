// Numbers and times as people read them.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** 1234567 → "1,234,567"; null → "–". */
export const count = (value) => (value == null ? '–' : whole.format(value));

/** Seconds → "42 s", "3 min 5 s", "2 h 4 min". */
export function duration(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${whole.format(Math.floor(s / 3600))} h ${Math.floor(s / 60) % 60} min`;
}

/** "2026-11-20 10:51:16" in the reader's own time zone. */
export function moment(iso) {
  const at = new Date(iso);
  const two = (n) => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** "just now", "5 min ago", "3 h ago", then the date. */
export function ago(iso) {
  const seconds = (Date.now() - new Date(iso)) / 1000;
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return moment(iso).slice(0, 10);
}

const silentAfter = 60; // seconds without a commit: longer than a restart of broker or database takes

/** What a run's state is called, and the colour that goes with it. */
export function stateOf(run) {
  if (run.run === '0') return { label: 'Open-ended', kind: '' };
  if (run.state === 'finished') return { label: 'Finished', kind: 'good' };
  if (run.state === 'unannounced') return { label: 'Not announced', kind: 'warn' };
  const since = (Date.now() - new Date(run.updatedAt ?? run.firstSeen)) / 1000;
  return since > silentAfter ? { label: 'Silent', kind: 'warn' } : { label: 'Running', kind: '' };
}

/** The name of a run as people read it. */
export const runName = (run) => (run === '0' ? 'Foreign readings' : run);
