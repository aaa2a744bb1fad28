// Ribbons along CA traces: helices wide, strands arrows that point to the C-terminus, the rest tubes.
// The same shapes as in the pictures of the package (ribbon_shape.py).
"use strict";

const COIL = [0.34, 0.34],
  HELIX = [1.35, 0.24],
  STRAND = [1.1, 0.26],
  ARROW = 1.9;

const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
function unit(a) {
  const size = Math.hypot(...a) + 1e-9;
  return a.map((x) => x / size);
}

// Catmull-Rom spline through points at place t.
function spline(points, t) {
  const last = points.length - 1,
    k = Math.min(Math.floor(t), last - 1),
    u = t - k;
  const b = points[k],
    c = points[k + 1];
  const beyond = (near, far) => near.map((x, i) => 2 * x - far[i]);
  const a = k ? points[k - 1] : beyond(b, c),
    d = k + 2 <= last ? points[k + 2] : beyond(c, b);
  return b.map(
    (x, i) =>
      x +
      0.5 * u * (c[i] - a[i] + u * (2 * a[i] - 5 * x + 4 * c[i] - d[i] + u * (3 * (x - c[i]) + d[i] - a[i]))),
  );
}

// Pieces [first, end) of a trace without missing residues.
function pieces(structure, longest) {
  const { ca, chains } = structure,
    count = chains.length,
    out = [];
  const point = (k) => [ca[3 * k], ca[3 * k + 1], ca[3 * k + 2]];
  for (let first = 0, k = 1; k <= count; k++)
    if (
      k === count ||
      chains[k] !== chains[k - 1] ||
      !(Math.hypot(...minus(point(k), point(k - 1))) < longest)
    ) {
      if (k - first > 1) out.push([first, k]);
      first = k;
    }
  return out;
}

// Centre line, direction of the width, and half width and thickness of a piece.
function guides(trace, letters) {
  const count = trace.length,
    at = (k) => trace[Math.max(0, Math.min(count - 1, k))];
  // Averaging neighbours takes the pleat out of strands, which look crumpled otherwise.
  const centre = trace.map((x, k) =>
    letters[k] === "E" && k && k < count - 1 ? x.map((v, i) => (at(k - 1)[i] + 2 * v + at(k + 1)[i]) / 4) : x,
  );
  // The normal of three CA is the axis of a helix; in a strand it lies in the sheet, and changes sign
  // with every residue.
  let side = [];
  for (let k = 1; k < count - 1; k++) {
    const normal = cross(minus(at(k), at(k - 1)), minus(at(k + 1), at(k)));
    side.push(unit([normal[0] + 1e-3, normal[1] + 2e-3, normal[2] + 3e-3]));
  }
  if (!side.length) side = [unit([1, 2, 3])];
  for (let k = 1; k < side.length; k++) if (dot(side[k], side[k - 1]) < 0) side[k] = side[k].map((x) => -x);
  side = [side[0], ...side, side[side.length - 1]].slice(0, count);
  const smooth = side.map((x, k) =>
    k && k < count - 1 ? x.map((v, i) => (side[k - 1][i] + 2 * v + side[k + 1][i]) / 4) : x,
  );
  const size = [...letters].map((letter) => (letter === "H" ? HELIX : letter === "E" ? STRAND : COIL));
  const tips = [];
  for (let k = 0; k < count; k++) if (letters[k] === "E" && letters[k + 1] !== "E") tips.push(k + 0.8);
  return { centre, side: smooth, size, tips };
}

function sizeAt({ size, tips }, t, last) {
  let [wide, thick] = spline(size, t).map((x) => Math.max(0.2, x));
  for (const tip of tips) {
    const ahead = tip - t;
    if (ahead < 0 || ahead > ARROW) continue;
    wide = Math.min(COIL[0] + 0.95 * ahead, 1.1 + 6 * (ARROW - ahead));
    thick = COIL[1] + (STRAND[1] - COIL[1]) * Math.min(1, ahead / 0.5);
  }
  const end = Math.min(Math.min(t, last - t) / 0.15, 1),
    round = Math.sqrt(1 - (1 - end) ** 2);
  return [wide * round, thick * round];
}

// Triangles of all pieces: x, y, z of the vertices, i, j, k of the triangles, residue of each vertex.
function ribbonMesh(structure, longest, thin = 1) {
  const mesh = { x: [], y: [], z: [], i: [], j: [], k: [], residue: [] };
  const steps = structure.chains.length > 600 ? 4 : 7,
    around = structure.chains.length > 600 ? 8 : 12;
  for (const [first, end] of pieces(structure, longest)) {
    const trace = [];
    for (let k = first; k < end; k++) trace.push([...structure.ca.slice(3 * k, 3 * k + 3)]);
    const guide = guides(trace, structure.letters.slice(first, end));
    const last = trace.length - 1,
      rings = last * steps + 1;
    for (let ring = 0; ring < rings; ring++) {
      const t = ring / steps,
        centre = spline(guide.centre, t);
      const before = spline(guide.centre, Math.max(0, t - 0.05)),
        after = spline(guide.centre, Math.min(last, t + 0.05));
      const tangent = unit(minus(after, before)),
        side = spline(guide.side, t),
        along = dot(side, tangent);
      const across = unit(side.map((x, i) => x - along * tangent[i])),
        up = cross(tangent, across);
      const [wide, thick] = sizeAt(guide, t, last);
      const start = mesh.x.length,
        residue = first + Math.round(t);
      for (let n = 0; n < around; n++) {
        const angle = (2 * Math.PI * n) / around;
        const c = Math.cos(angle) * wide * thin,
          s = Math.sin(angle) * thick * thin;
        mesh.x.push(centre[0] + c * across[0] + s * up[0]);
        mesh.y.push(centre[1] + c * across[1] + s * up[1]);
        mesh.z.push(centre[2] + c * across[2] + s * up[2]);
        mesh.residue.push(residue);
        if (!ring) continue;
        const next = (n + 1) % around,
          a = start + n,
          b = start + next,
          d = a - around,
          e = b - around;
        mesh.i.push(a, b);
        mesh.j.push(d, d);
        mesh.k.push(b, e);
      }
    }
  }
  return mesh;
}
