// Times and numbers as words, and elements of the page.

/** @param {number} ms @returns {string} seconds with one decimal */
function seconds(ms) {
  return (ms / 1000).toFixed(1) + " s";
}

/** @param {number} ms whole seconds @param {number} end of the ruler */
function tickWords(ms, end) {
  const s = Math.round(ms / 1000);
  if (end < 300000) return s + " s";
  const [unit, big, small] = end < 7200000 ? [60, " min", " s"] : [3600, " h", " min"];
  const whole = Math.floor(s / unit);
  const rest = unit === 60 ? s % 60 : (s % 3600) / 60;
  if (rest === 0) return whole + big;
  return (whole === 0 ? "" : whole + big + " ") + rest + small;
}

/** A long time once more, as people say it. @param {number} ms */
function inWords(ms) {
  const minutes = Math.round(ms / 60000);
  if (minutes < 10) return "";
  const hours = Math.floor(minutes / 60);
  return " (" + (hours > 0 ? hours + " h " : "") + (minutes % 60) + " min)";
}

/** @param {number} n @param {string} noun */
function countOf(n, noun) {
  return n === 1 ? "1 " + noun : n + " " + noun + "s";
}

/** @param {string} id @returns {any} the element, whose kind the caller knows */
function byId(id) {
  return document.getElementById(id);
}

/** @param {string} name @param {Record<string, string | number>} attributes @returns {SVGElement} */
function svg(name, attributes) {
  const element = /** @type {SVGElement} */ (document.createElementNS("http://www.w3.org/2000/svg", name));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** @param {string} name @param {string} [text] @param {string} [className] @returns {HTMLElement} */
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}
