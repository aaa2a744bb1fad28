// The first picture of a structure, until plotly is there: the same ribbon, seen as it will be, on a
// canvas. Triangles that face away are left out, and the others are drawn from the back to the front.
"use strict";

const SUN = unit([-3, 4, 6]);

function previewRibbon(node, mesh, colours) {
  const wide = node.clientWidth,
    high = node.clientHeight,
    sharp = window.devicePixelRatio || 1;
  const canvas = element("canvas", { className: "preview", width: wide * sharp, height: high * sharp });
  const context = canvas.getContext("2d");
  const middle = (values) => (largest(values) - largest(values.map((x) => -x))) / 2;
  const [mx, my] = [middle(mesh.x), middle(mesh.y)];
  const reach = (values, m) => Math.max(8, largest(values) - m) + 3;
  const scale = Math.min(wide / reach(mesh.x, mx), high / reach(mesh.y, my)) / 2;
  context.setTransform(sharp * scale, 0, 0, -sharp * scale, (sharp * wide) / 2, (sharp * high) / 2);
  context.lineWidth = 0.6 / scale;
  for (const { points, colour } of facing(mesh, colours)) {
    context.beginPath();
    for (const v of points) context.lineTo(mesh.x[v] - mx, mesh.y[v] - my);
    context.closePath();
    context.fillStyle = context.strokeStyle = colour; // a thin edge, or seams would show
    context.fill();
    context.stroke();
  }
  node.replaceChildren(canvas);
}

const largest = (values) => values.reduce((most, x) => Math.max(most, x), -Infinity);

// Triangles that face the eye, the farthest first, with the colour that the light gives them.
function facing({ x, y, z, i, j, k, residue }, colours) {
  const out = [];
  const point = (v) => [x[v], y[v], z[v]];
  for (let n = 0; n < i.length; n++) {
    const points = [i[n], j[n], k[n]],
      [a, b, c] = points.map(point);
    const normal = unit(cross(minus(b, a), minus(c, a)));
    if (normal[2] <= 0) continue;
    const light = Math.min(1, LIGHT.ambient + LIGHT.diffuse * Math.max(0, dot(normal, SUN)));
    out.push({ points, depth: a[2] + b[2] + c[2], colour: darker(colours[residue[i[n]]], light) });
  }
  return out.sort((a, b) => a.depth - b.depth);
}

function darker(colour, light) {
  const channel = (n) => Math.round(light * parseInt(colour.slice(1 + 2 * n, 3 + 2 * n), 16));
  return `rgb(${channel(0)},${channel(1)},${channel(2)})`;
}
