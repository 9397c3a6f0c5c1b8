// The one clock of the page, and the axis on which its time lies.

const WIDE = 1000;
const startTime = 0;
const endTime = Math.max(1, ...sources.map((source) => source.end));
const span = endTime - startTime;

/** @param {number} at milliseconds @returns {number} between 0 and WIDE */
function along(at) {
  return Math.max(0, Math.min(WIDE, ((at - startTime) / span) * WIDE));
}
