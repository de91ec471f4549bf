"use strict";
(() => {
  const tip = document.getElementById("tip");

  function showTip(text, x, y) {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const right = x + 16 + box.width < innerWidth;
    const below = y + 18 + box.height < innerHeight;
    tip.style.left = `${Math.max(6, right ? x + 16 : x - 12 - box.width)}px`;
    tip.style.top = `${Math.max(6, below ? y + 18 : y - 12 - box.height)}px`;
  }
  const hideTip = () => { tip.hidden = true; };

  // Words explain themselves under the pointer and under the keyboard's focus.
  for (const word of document.querySelectorAll("[data-term]")) {
    const text = document.getElementById(word.dataset.term).textContent;
    word.addEventListener("mouseenter", (event) => showTip(text, event.clientX, event.clientY));
    word.addEventListener("mouseleave", hideTip);
    word.addEventListener("blur", hideTip);
    word.addEventListener("focus", () => {
      if (!word.matches(":focus-visible")) return;
      const box = word.getBoundingClientRect();
      showTip(text, box.left, box.bottom - 12);
    });
  }
  addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });

  // Numbers order as -inf, finite, inf, nan: what is worst comes first when descending.
  const NAMES = { nan: [2, 0], inf: [1, 0], "-inf": [-1, 0] };
  function numberKey(text) {
    return NAMES[text] || [0, Number(text)];
  }
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  function sortRows(table, column, numeric, direction) {
    const body = table.tBodies[0];
    const keyed = Array.from(body.rows, (row, index) => {
      const text = row.cells[column].textContent.trim();
      return { row, index, text, key: numeric && text !== "" ? numberKey(text) : null };
    });
    keyed.sort((a, b) => {
      if ((a.text === "") !== (b.text === "")) return a.text === "" ? 1 : -1;
      let order = 0;
      if (a.text !== "") {
        order = numeric ? a.key[0] - b.key[0] || a.key[1] - b.key[1] : collator.compare(a.text, b.text);
      }
      return direction * order || a.index - b.index;
    });
    const rows = document.createDocumentFragment();
    for (const item of keyed) rows.append(item.row);
    body.append(rows);
  }

  // A table shows its first rows, for thousands take a browser seconds; sorting and filtering see all.
  const SHOWN = 300;
  const views = new Map();
  for (const table of document.querySelectorAll("table.sortable")) {
    const rows = Array.from(table.tBodies[0].rows);
    const view = { rows, fits: () => true, limit: SHOWN, tell: () => {} };
    for (const row of rows) row.classList.remove("rest");
    view.render = () => {
      let fitting = 0;
      for (const row of table.tBodies[0].rows) {
        const fits = view.fits(row);
        fitting += fits;
        row.hidden = !fits || fitting > view.limit;
      }
      view.tell(fitting, Math.min(fitting, view.limit));
    };
    views.set(table, view);
    table.tHead.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const head = button.parentElement;
      const numeric = "number" in button.dataset;
      const before = head.getAttribute("aria-sort");
      const first = numeric && button.textContent !== "#" ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", before === first ? other : first);
      sortRows(table, head.cellIndex, numeric, head.getAttribute("aria-sort") === "ascending" ? 1 : -1);
      view.render();
    });
  }

  // Filters by text and by verdict.
  for (const controls of document.querySelectorAll("[data-controls]")) {
    const view = views.get(document.getElementById(controls.dataset.controls));
    const [input, select, output, all] = ["input", "select", "output", "button"].map((tag) => controls.querySelector(tag));
    const total = view.rows.length;
    const things = output.textContent.split(" ").slice(1).join(" ");
    const texts = new Map();
    function textOf(row) {
      if (!texts.has(row)) texts.set(row, Array.from(row.cells, (cell) => cell.textContent).join(" ").toLowerCase());
      return texts.get(row);
    }
    view.tell = (fitting, shown) => {
      const found = fitting === total ? `${total} ${things}` : `${fitting} of ${total} ${things}`;
      output.textContent = shown < fitting ? `${found}, the first ${shown} shown` : found;
      all.hidden = shown >= fitting;
    };
    function apply() {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const verdict = select.value;
      view.fits = (row) => (!verdict || row.dataset.verdicts.split("|").includes(verdict))
        && words.every((word) => textOf(row).includes(word));
      view.render();
    }
    let waiting = 0;
    input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 80); });
    select.addEventListener("change", apply);
    all.addEventListener("click", () => { view.limit = Infinity; view.render(); input.focus(); });
  }
  for (const view of views.values()) view.render();

  // The picture of layers: pointer or arrow keys choose a node, a click or Enter goes to its row.
  for (const chart of document.querySelectorAll("svg.layers")) {
    const table = document.getElementById(chart.dataset.rows);
    const heads = Array.from(table.tHead.rows[0].cells, (cell) => cell.textContent.trim());
    const count = Number(chart.dataset.count);
    const left = Number(chart.dataset.left);
    const step = (Number(chart.dataset.right) - left) / count;
    const cursor = chart.querySelector(".cursor");
    let chosen = -1;

    function choose(index, x, y) {
      chosen = Math.min(Math.max(index, 0), count - 1);
      const row = views.get(table).rows[chosen];
      const at = left + (chosen + 0.5) * step;
      cursor.setAttribute("x1", at);
      cursor.setAttribute("x2", at);
      cursor.setAttribute("visibility", "visible");
      const lines = [];
      for (const [i, cell] of Array.from(row.cells).entries()) {
        const text = cell.textContent.trim();
        if (i && text) lines.push(`${heads[i]}: ${text}`);
      }
      const box = chart.getBoundingClientRect();
      const scale = box.width / chart.viewBox.baseVal.width;
      showTip(lines.join("\n"), x ?? box.left + at * scale, y ?? box.top + 30);
    }
    function leave() {
      cursor.setAttribute("visibility", "hidden");
      hideTip();
    }
    function visit() {
      if (chosen < 0) return;
      const row = views.get(table).rows[chosen];
      row.hidden = false;
      for (const found of table.querySelectorAll("tr.found")) found.classList.remove("found");
      row.classList.add("found");
      row.scrollIntoView({ block: "center" });
    }
    chart.addEventListener("mousemove", (event) => {
      const box = chart.getBoundingClientRect();
      const x = (event.clientX - box.left) * chart.viewBox.baseVal.width / box.width;
      choose(Math.floor((x - left) / step), event.clientX, event.clientY);
    });
    chart.addEventListener("mouseleave", leave);
    chart.addEventListener("blur", leave);
    chart.addEventListener("click", visit);
    chart.addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10 }[event.key];
      if (move) choose(chosen + move);
      else if (event.key === "Home") choose(0);
      else if (event.key === "End") choose(count - 1);
      else if (event.key === "Enter") visit();
      else return;
      event.preventDefault();
    });
  }

  // A link to a closed result opens it; paper shows everything.
  function openTarget() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") target.open = true;
  }
  addEventListener("hashchange", openTarget);
  openTarget();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details:not([open])"));
    for (const item of closed) item.open = true;
    for (const view of views.values()) { view.before = view.limit; view.limit = Infinity; view.render(); }
  });
  addEventListener("afterprint", () => {
    for (const item of closed) item.open = false;
    for (const view of views.values()) { view.limit = view.before; view.render(); }
  });
})();
