// Puts the page together: what is chosen in one part is shown in the others.
"use strict";

const at = (id) => document.getElementById(id);
const say = (text) => ((at("message").textContent = text), (at("message").hidden = !text));

async function loadLibrary() {
  if (!at("library").textContent.trim()) return; // nothing to draw
  const code = await inflated("library"),
    script = element("script");
  // Its seconds begin when the first picture has been painted.
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  script.src = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  await new Promise((done, failed) => {
    script.onload = done;
    script.onerror = () => failed(new Error("the drawing library cannot be started"));
    document.head.append(script);
  });
}

function start(report, library) {
  const view = { structure: null, colouring: "position", residue: null, spans: [], turn: 0 };
  let image = null;
  const viewer = makeViewer(at("viewer"), report.longest, setResidue);
  const histograms = makeHistograms(at("histograms"), report, (name) => table.sort(name));
  const table = makeTable(at("table"), report, {
    onRow: (row) => show(row),
    onChosen: chosen,
    onRows(rows, error) {
      at("count").textContent = error || `${rows.length} of ${report.names.length}`;
      at("count").classList.toggle("error", Boolean(error));
      histograms.draw(rows, table.state.row);
      chosen();
    },
  });

  function chosen() {
    const { chosen: marked, rows } = table.state;
    at("chosen").textContent = marked.size ? `${table.exported().length} marked` : `all ${rows.length} shown`;
    for (const option of at("export").options) option.disabled = !table.exported().length;
  }

  function colours() {
    const { colours, legend } = COLOURINGS[view.colouring].colours(view.structure);
    const kept = at("motif").checked && view.structure.motif;
    const all = colours.map((colour, k) => (kept && view.structure.motif[k] === "1" ? KEPT : colour));
    at("legend").replaceChildren(legendOf(legend));
    view.spans.forEach((span, k) => (span.style.borderBottomColor = all[k]));
    return all;
  }

  function setResidue(k) {
    const { structure } = view;
    if (!structure || k === view.residue) return;
    view.spans[view.residue]?.classList.remove("here");
    view.residue = k;
    markPlots(structure, k);
    viewer.mark(k);
    if (k === null) return at("residue").replaceChildren();
    view.spans[k].classList.add("here");
    const parts = [`${structure.labels[k]} ${structure.sequence[k]}`, STATES[structure.letters[k]][1]];
    const angle = (n) => structure.torsions[2 * k + n].toFixed(0).replace("-", "−");
    if (structure.torsions && Number.isFinite(structure.torsions[2 * k]))
      parts.push(`φ ${angle(0)}° ψ ${angle(1)}°`);
    if (structure.b_factors) parts.push(`B ${structure.b_factors[k].toFixed(1)}`);
    if (Number.isFinite(structure.lddt?.[k])) parts.push(`lDDT ${structure.lddt[k].toFixed(2)}`);
    if (Number.isFinite(structure.distance?.[k])) parts.push(`${structure.distance[k].toFixed(1)} Å`);
    at("residue").textContent = parts.join(" · ");
  }

  function options() {
    const there = Object.entries(COLOURINGS).filter(([, { of }]) => of(view.structure));
    if (!there.some(([key]) => key === view.colouring)) view.colouring = "position";
    at("colouring").replaceChildren(
      ...there.map(([value, { name }]) =>
        element("option", { value, selected: value === view.colouring }, name),
      ),
    );
    at("colouring_label").hidden = false;
    at("motif_label").hidden = !view.structure.motif;
    at("other_label").hidden = !view.structure.other;
    if (view.structure.other) at("other_label").lastElementChild.textContent = view.structure.other.is;
  }

  function nothing(why) {
    view.structure = null;
    at("verdict").textContent = "";
    for (const figure of document.querySelectorAll(".plots figure")) figure.hidden = true;
    for (const id of ["legend", "residue", "strip"]) at(id).replaceChildren();
    for (const id of ["colouring_label", "motif_label", "other_label"]) at(id).hidden = true;
    viewer.clear(why);
  }

  async function show(row) {
    const turn = ++view.turn;
    histograms.draw(table.state.rows, row);
    at("name").textContent = report.names[row];
    await new Promise(requestAnimationFrame); // of many rows in quick succession only the last is drawn
    if (turn !== view.turn) return;
    const stored = report.structures[row];
    if (!stored || stored.error) return nothing(report.errors[row] || stored?.error || report.without);
    view.structure = decoded(stored);
    view.residue = null;
    at("residue").replaceChildren();
    for (const figure of document.querySelectorAll(".plots figure")) figure.hidden = false;
    options();
    view.spans = drawStrip(at("strip"), view.structure, setResidue);
    at("verdict").textContent = report.verdicts[row] ?? "";
    image ??= regionsImage(report.regions);
    drawContacts(at("contacts"), view.structure, setResidue);
    viewer.preview(view.structure, colours());
    performance.mark("picture");
    const there = await library.then(
      () => true,
      () => false, // the page says so
    );
    if (!there || turn !== view.turn) return;
    await viewer.show(view.structure, colours(), at("other").checked);
    performance.mark("turns");
    await drawRamachandran(at("ramachandran"), view.structure, image, setResidue);
    await drawProfile(at("profile"), at("profile_title"), view.structure, setResidue);
    document.body.dataset.row = row;
  }

  function redraw() {
    if (!view.structure) return;
    const all = colours();
    viewer.preview(view.structure, all);
    viewer.draw(all, at("other").checked);
  }
  at("filter").addEventListener("input", () => table.filter(at("filter").value));
  at("all").addEventListener("change", () => table.showAll(at("all").checked));
  at("colouring").addEventListener("change", () => ((view.colouring = at("colouring").value), redraw()));
  for (const id of ["motif", "other"]) at(id).addEventListener("change", redraw);
  at("export").addEventListener("change", () => {
    const [name, make] = FORMATS[at("export").value];
    at("export").value = "";
    download(name, make(report, table.exported()));
  });
  at("viewer").addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] }[
      event.key
    ];
    if (step) viewer.turn(...step);
    else if (event.key === "Home") viewer.reset();
    else if (event.key === "Escape") at("table").focus();
    else return;
    event.preventDefault();
  });
  const printing = (now) => () => ((at("table").printing = now), table.draw());
  addEventListener("beforeprint", printing(true));
  addEventListener("afterprint", printing(false));

  at("summary").textContent = report.summary;
  at("beside").textContent = histograms.count ? report.beside : "";
  table.filter("");
  performance.mark("rows");
  if (!report.names.length) return nothing("There are no structures in this report.");
  const first = report.names.findIndex((_, row) => report.structures[row] && !report.structures[row].error);
  table.select(Math.max(0, first));
}

(async () => {
  if (typeof DecompressionStream === "undefined")
    return say("This browser is too old for this page; one of 2023 or later shows it.");
  try {
    const report = JSON.parse(await inflated("data")),
      library = loadLibrary();
    library.catch((error) => say(error.message));
    start(report, library);
    await library;
    document.body.dataset.ready = "yes";
  } catch (error) {
    say(`The page cannot be shown: ${error.message}`);
    throw error;
  }
})();
