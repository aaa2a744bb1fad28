// The data of the page: compressed JSON in a script tag, and numbers as 16-bit integers in base64.
"use strict";

const MISSING = -32768;

function bytesOf(base64) {
  const text = atob(base64),
    bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

async function inflated(id) {
  const node = document.getElementById(id);
  const bytes = bytesOf(node.textContent.trim());
  node.remove(); // the memory is wanted for other things
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

function numbersOf(base64, unit) {
  const bytes = bytesOf(base64),
    view = new DataView(bytes.buffer);
  const out = new Float32Array(bytes.length / 2);
  for (let i = 0; i < out.length; i++) {
    const whole = view.getInt16(2 * i, true);
    out[i] = whole === MISSING ? NaN : whole * unit;
  }
  return out;
}

// Chain and number of every residue, from runs of consecutive numbers.
function residuesOf(runs) {
  const chains = [],
    labels = [];
  for (const [chain, first, code, count] of runs)
    for (let k = 0; k < count; k++) {
      chains.push(chain);
      labels.push(`${chain ? chain + " " : ""}${first + k}${code}`);
    }
  return { chains, labels };
}

// A structure as the plots need it; plain arrays by residue.
function decoded(stored) {
  const out = {
    ...residuesOf(stored.runs),
    ca: numbersOf(stored.ca, stored.unit),
    letters: stored.letters,
    sequence: stored.sequence,
    regions: stored.regions,
    motif: stored.motif,
  };
  out.length = out.chains.length;
  for (const [key, unit] of [
    ["torsions", 0.1],
    ["b_factors", 0.1],
    ["distance", 0.01],
    ["lddt", 0.001],
  ])
    if (stored[key]) out[key] = numbersOf(stored[key], unit);
  if (stored.other) {
    const { runs, ca, letters } = stored.other;
    out.other = { ...residuesOf(runs), ca: numbersOf(ca, stored.unit), letters, is: stored.other.is };
  }
  return out;
}

// An element with properties and children; texts are never read as HTML.
function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties))
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function shown(value) {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value !== "number") return value;
  if (Number.isInteger(value)) return String(value).replace("-", "−");
  const size = Math.abs(value);
  const text = size >= 10 ? value.toFixed(1) : size >= 0.001 ? value.toFixed(3) : value.toPrecision(2);
  return text.replace("-", "−");
}
