// Files that are made of the rows that were chosen.
"use strict";

function download(name, text) {
  const link = element("a", {
    download: name,
    href: URL.createObjectURL(new Blob([text], { type: "text/plain" })),
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const oneLine = (text) => String(text).replace(/\s+/g, " ").trim();

function fastaOf(report, rows) {
  const records = [];
  for (const row of rows) {
    const stored = report.structures[row];
    if (!stored?.sequence) continue;
    const { chains } = residuesOf(stored.runs);
    let letters = "";
    chains.forEach((chain, k) => (letters += (k && chain !== chains[k - 1] ? "/" : "") + stored.sequence[k]));
    records.push(`>${oneLine(report.names[row])}\n${letters}\n`);
  }
  return records.join("");
}

function csvOf(report, rows) {
  const field = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const lines = [["name", "file", ...report.columns.map((column) => column.name)]];
  for (const row of rows)
    lines.push([report.names[row], report.files[row], ...report.columns.map((column) => column.values[row])]);
  return lines.map((line) => line.map(field).join(",") + "\n").join("");
}

// JSON texts are literals of Python, too, and the quoted words of ChimeraX: no name ends a line.
const quoted = (text) =>
  JSON.stringify(String(text)).replace(
    /[\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

function pymolOf(report, rows) {
  const lines = [
    "# Paths are as they were given; the folder is that of the command. Change it where files have moved.",
    "python",
    `cmd.cd(${quoted(report.folder)})`,
  ];
  const others = new Set();
  rows.forEach((row) => {
    if (!report.files[row]) return;
    lines.push(`cmd.load(${quoted(report.files[row])}, ${quoted(objectName(report.names[row]))})`);
    if (report.others[row]) others.add(report.others[row]);
  });
  for (const other of others)
    lines.push(`cmd.load(${quoted(other)}, ${quoted("other_" + objectName(other))})`);
  lines.push(
    "cmd.hide('everything')",
    "cmd.show('cartoon')",
    "cmd.spectrum('resi', selection='name CA', byres=1)",
  );
  if (others.size) lines.push("cmd.color('grey70', 'other_*')");
  if (rows.length > 1) lines.push("cmd.set('grid_mode', 1)");
  return [...lines, "cmd.orient()", "python end", ""].join("\n");
}

const objectName = (name) => name.replace(/[^A-Za-z0-9_.-]/g, "_");

function chimeraxOf(report, rows) {
  const lines = [
    "# Paths are as they were given; the folder is that of the command. Change it where files have moved.",
    `cd ${quoted(report.folder)}`,
  ];
  let count = 0;
  const open = (file, name) => lines.push(`open ${quoted(file)} id ${++count} name ${quoted(name)}`);
  const others = new Set();
  rows.forEach((row) => {
    if (!report.files[row]) return;
    open(report.files[row], report.names[row]);
    if (report.others[row]) others.add(report.others[row]);
  });
  const models = count;
  for (const other of others) open(other, "other");
  lines.push("hide atoms", "show cartoons", "rainbow");
  if (count > models) lines.push(`color #${models + 1}-${count} light gray`);
  return [...lines, "lighting soft", "set bgColor white", "view", ""].join("\n");
}

const FORMATS = {
  names: ["names.txt", (report, rows) => rows.map((row) => oneLine(report.names[row]) + "\n").join("")],
  fasta: ["sequences.fasta", fastaOf],
  csv: ["table.csv", csvOf],
  pymol: ["structures.pml", pymolOf],
  chimerax: ["structures.cxc", chimeraxOf],
};
