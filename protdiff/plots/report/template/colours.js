// Colours of residues, which people with any kind of colour blindness can tell apart.
"use strict";

const SEQUENTIAL = ["#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725"]; // viridis
const AGREEMENT = ["#8c3b04", "#d8792b", "#f5c98f", "#b9d3ea", "#2166ac"];
const CATEGORIES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c1a", "#5b5b8f"];
const STATES = { H: ["#d55e00", "helix"], E: ["#0072b2", "strand"], C: ["#b5bcc7", "coil"] };
const KEPT = "#1d2430",
  UNKNOWN = "#e2e5ea",
  OTHER = "#98a2b3";

function mixed(stops, share) {
  if (!(share >= 0)) share = share < 0 ? 0 : NaN;
  if (Number.isNaN(share)) return UNKNOWN;
  const place = Math.min(1, share) * (stops.length - 1),
    k = Math.min(Math.floor(place), stops.length - 2);
  const part = (colour, n) => parseInt(colour.slice(1 + 2 * n, 3 + 2 * n), 16);
  const channels = [0, 1, 2].map((n) =>
    Math.round(part(stops[k], n) + (place - k) * (part(stops[k + 1], n) - part(stops[k], n))),
  );
  return "#" + channels.map((value) => value.toString(16).padStart(2, "0")).join("");
}

function ends(values) {
  const known = [...values].filter(Number.isFinite).sort((a, b) => a - b);
  const at = (share) => known[Math.round(share * (known.length - 1))];
  return [at(0.02), at(0.98)];
}

// Each colouring: its name, whether a structure has it, and colours by residue with a legend.
const COLOURINGS = {
  position: {
    name: "N to C",
    of: () => true,
    colours(structure) {
      const sizes = {},
        place = [];
      for (const chain of structure.chains) place.push((sizes[chain] = (sizes[chain] ?? -1) + 1));
      const colours = place.map((k, n) => mixed(SEQUENTIAL, k / Math.max(1, sizes[structure.chains[n]])));
      return { colours, legend: { stops: SEQUENTIAL, low: "N", high: "C" } };
    },
  },
  states: {
    name: "secondary structure",
    of: () => true,
    colours: (structure) => ({
      colours: [...structure.letters].map((letter) => STATES[letter][0]),
      legend: { swatches: Object.values(STATES) },
    }),
  },
  b_factors: {
    name: "B-factor",
    of: (structure) => structure.b_factors,
    colours({ b_factors }) {
      const [low, high] = ends(b_factors);
      const colours = [...b_factors].map((value) => mixed(SEQUENTIAL, (value - low) / (high - low || 1)));
      return { colours, legend: { stops: SEQUENTIAL, low: low.toFixed(1), high: high.toFixed(1) } };
    },
  },
  lddt: {
    name: "lDDT",
    of: (structure) => structure.lddt,
    colours: ({ lddt }) => ({
      colours: [...lddt].map((value) => mixed(AGREEMENT, value)),
      legend: { stops: AGREEMENT, low: "0", high: "1", missing: [...lddt].some(Number.isNaN) },
    }),
  },
  chains: {
    name: "chain",
    of: (structure) => new Set(structure.chains).size > 1,
    colours({ chains }) {
      const names = [...new Set(chains)];
      const colour = (chain) => CATEGORIES[names.indexOf(chain) % CATEGORIES.length];
      return {
        colours: chains.map(colour),
        legend: { swatches: names.slice(0, 8).map((n) => [colour(n), n || "blank"]) },
      };
    },
  },
};

function legendOf({ stops, low, high, swatches, missing }) {
  const out = element("span", { className: "legend" });
  if (stops) {
    const bar = element("i", { className: "bar" });
    bar.style.background = `linear-gradient(to right, ${stops.join(",")})`;
    out.append(low, bar, high);
    if (missing) swatches = [[UNKNOWN, "none"]];
  }
  for (const [colour, name] of swatches ?? []) {
    const swatch = element("i", { className: "swatch" });
    swatch.style.background = colour;
    out.append(swatch, name);
  }
  return out;
}
