// A line of the last minute, newest at the right.

const span = 60_000;
const width = 240;
const height = 64;

export class Sparkline {
  #samples = [];
  #line;
  #area;

  constructor(svg) {
    this.#line = svg.querySelector('.line');
    this.#area = svg.querySelector('.area');
  }

  /** The largest value on it. */
  get peak() {
    return Math.max(0, ...this.#samples.map((sample) => sample.value));
  }

  /** Whether there is nothing to draw yet. */
  get isEmpty() {
    return this.#samples.length < 2;
  }

  clear() {
    this.#samples = [];
    this.#draw(0);
  }

  add(value, now = performance.now()) {
    this.#samples.push({ at: now, value });
    while (this.#samples.length > 2 && now - this.#samples[1].at > span) this.#samples.shift();
    this.#draw(now);
  }

  #draw(now) {
    if (this.isEmpty) {
      this.#line.setAttribute('d', '');
      this.#area.setAttribute('d', '');
      return;
    }

    const top = Math.max(1, this.peak) * 1.1;
    const x = (at) => (width * (1 - (now - at) / span)).toFixed(2);
    const y = (value) => (height * (1 - value / top)).toFixed(2);
    const line = 'M' + this.#samples.map((sample) => `${x(sample.at)} ${y(sample.value)}`).join('L');
    this.#line.setAttribute('d', line);
    this.#area.setAttribute('d', `${line}L${x(this.#samples.at(-1).at)} ${height}L${x(this.#samples[0].at)} ${height}Z`);
  }
}
