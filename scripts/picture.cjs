// Takes the pictures of the resources and of one trace: node picture.cjs DASHBOARD DIRECTORY (scripts/picture.sh). CommonJS, because only that looks into NODE_PATH.
const { chromium } = require('playwright-core');

const [dashboard, directory] = process.argv.slice(2);
const spansOfATrace = 7; // and those of a batch, where the reading is its first
const arrival = 30_000; // milliseconds; spans go out every five seconds

const attribute = (element, key) => (element.attributes ?? []).find(one => one.key === key)?.value.stringValue;

// Traces of readings with all their spans, the quickest first.
async function completeTraces() {
  const answer = await (await fetch(`${dashboard}/api/telemetry/traces?limit=100000`)).json();
  const traces = group(spans(answer));
  return [...traces.entries()]
    .filter(([, all]) => all.filter(span => !isOfBatch(span)).length === spansOfATrace && all.some(span => attribute(span, 'tally.run')))
    .map(([id, all]) => ({ id, nanoseconds: Number(end(all) - begin(all)) }))
    .sort((one, other) => one.nanoseconds - other.nanoseconds);
}

const isOfBatch = span => span.name === 'COPY readings' || span.name.startsWith('process batch ');
const spans = answer => answer.data.resourceSpans.flatMap(resource => resource.scopeSpans.flatMap(scope => scope.spans));
const begin = all => all.map(span => BigInt(span.startTimeUnixNano)).reduce((least, one) => (one < least ? one : least));
const end = all => all.map(span => BigInt(span.endTimeUnixNano)).reduce((most, one) => (one > most ? one : most));
const group = all => all.reduce((map, span) => map.set(span.traceId, [...(map.get(span.traceId) ?? []), span]), new Map());

async function shoot(page, path, text, height, file) {
  await page.setViewportSize({ width: 1400, height });
  await page.goto(dashboard + path);
  await page.waitForFunction(wanted => document.body.innerText.includes(wanted), text);
  await page.mouse.move(30, 300); // no tooltip
  await page.waitForTimeout(1_000); // bars are drawn a moment after the rows
  await page.screenshot({ path: file });
}

async function main() {
  const until = Date.now() + arrival;
  let traces = await completeTraces();
  while (traces.length < 10 && Date.now() < until) {
    await new Promise(resolve => setTimeout(resolve, 500));
    traces = await completeTraces();
  }

  if (traces.length === 0) throw new Error(`The dashboard has no trace with ${spansOfATrace} spans.`);
  const trace = traces[Math.floor(traces.length / 2)]; // neither the luckiest nor the unluckiest

  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  try {
    const page = await browser.newPage({ deviceScaleFactor: 1.25, colorScheme: 'light' });
    await page.goto(dashboard);
    await page.locator('.dashboard-message-bar-dismiss').click(); // that the dashboard has no password; it is remembered
    await shoot(page, '/', 'queryapi', 560, `${directory}/resources.png`);
    await shoot(page, `/traces/detail/${trace.id}`, 'acks/', 540, `${directory}/trace.png`);
    console.log(`${directory}: trace ${trace.id}, ${(trace.nanoseconds / 1e6).toFixed(1)} ms, one of ${traces.length}`);
  } finally {
    await browser.close();
  }
}

main().catch(error => {
  console.error(error.message);
  process.exit(1);
});
