// The event stream of the current run. Comes back by itself, says how it is, and rests while nobody looks at the page.

const retryAfter = 2000; // as long as the service looks again for its database
const silence = 25000; // two heartbeats and a half

/** Calls onProgress(run or null) and onState('live' | 'lost' | 'away', detail). */
export function follow(path, onProgress, onState) {
  let source;
  let timer;

  const expect = () => {
    clearTimeout(timer);
    timer = setTimeout(reopen, silence);
  };

  const on = (name, handle) => source.addEventListener(name, (event) => {
    expect();
    handle(JSON.parse(event.data));
  });

  function open() {
    source = new EventSource(path);
    expect();
    on('progress', (run) => { onState('live'); onProgress(run); });
    on('idle', () => { onState('live'); onProgress(null); });
    on('unavailable', (problem) => onState('away', problem.detail));
    source.onerror = () => {
      onState('lost');
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      clearTimeout(timer);
      timer = setTimeout(reopen, retryAfter);
    };
  }

  function close() {
    clearTimeout(timer);
    source?.close();
  }

  function reopen() {
    close();
    open();
  }

  document.addEventListener('visibilitychange', () => (document.hidden ? close() : reopen()));
  if (!document.hidden) open();
}
