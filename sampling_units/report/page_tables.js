"use strict";
// Long tables that can be sorted and searched. DataTables takes texts for markup unless they are escaped, so every
// column here goes through one of the three makers below.

function textColumn() {
  return { type: "string", className: "name", render: DataTable.render.text() };
}

function numberColumn() {
  return {
    type: "num",
    className: "dt-type-numeric",
    render: { _: (value) => (value === null ? -1 : value), display: numberText, filter: numberText },
  };
}

// A button with the row's text; ``show`` gets the row's last value, its number.
function buttonColumn(show) {
  const escaped = DataTable.render.text().filter;
  return {
    type: "string",
    className: "name",
    render: (text, type, row) => {
      if (type !== "display") return type === "filter" ? escaped(text) : text;
      const button = element("button", { text, className: "show" });
      button.type = "button";
      button.addEventListener("click", () => show(row[row.length - 1]));
      return button;
    },
  };
}

function longTable(id, columns, rows, order, search) {
  const table = new DataTable(`#${id}`, {
    data: rows,
    columns,
    order,
    deferRender: true,
    autoWidth: false,
    pageLength: 10,
    lengthMenu: [10, 25, 100],
    layout: { topStart: "search", topEnd: "pageLength", bottomStart: "info", bottomEnd: "paging" },
    language: {
      search: search,
      lengthMenu: "Lines _MENU_",
      info: "_START_ to _END_ of _TOTAL_",
      infoEmpty: "0 lines",
      infoFiltered: "(found among _MAX_)",
      zeroRecords: "Nothing was found.",
      emptyTable: "There is nothing to list.",
    },
  });
  // Landmarks have names of their own.
  const caption = table.table().node().caption.textContent;
  table.table().container().querySelector("nav").setAttribute("aria-label", `Pages of the table: ${caption}`);
}

// ``mapNow`` gives the map, null as long as there is none.
function drawTables(data, mapNow) {
  if (document.getElementById("exceptions-table")) drawExceptions(data, mapNow);
  drawAreas(data, mapNow);
  for (const made of document.querySelectorAll(".swatch[data-colour]")) {
    if (made.dataset.colour) made.style.background = made.dataset.colour;
  }
}

function drawExceptions(data, mapNow) {
  const columns = data.clusters;
  const rows = [];
  for (let cluster = 0; cluster < columns.id.length; cluster++) {
    if (columns.status[cluster] === 0) continue;
    const reason = data.statuses[columns.status[cluster]].label;
    const file = data.files[columns.file[cluster]];
    rows.push([
      columns.id[cluster],
      reason,
      columns.weight[cluster],
      columns.radius[cluster],
      columns.places[cluster],
      file,
      cluster,
    ]);
  }
  const show = (cluster) => showCluster(mapNow(), data, cluster);
  const kinds = [buttonColumn(show), textColumn(), numberColumn(), numberColumn(), numberColumn(), textColumn()];
  longTable("exceptions-table", kinds, rows, [[1, "asc"]], "Search the exceptions");
}

function drawAreas(data, mapNow) {
  const areas = data.areas;
  const hasGroups = areas.name !== null;
  const percent = (area) =>
    areas.clusters[area] ? Math.floor((1000 * areas.inRange[area]) / areas.clusters[area]) / 10 : null;
  const rows = areas.file.map((file, area) => [
    ...(hasGroups ? [areas.name[area] || file] : []),
    file,
    areas.clusters[area],
    percent(area),
    areas.exceptions[area],
    areas.places[area],
    areas.weight[area],
    areas.medianWeight[area],
    areas.medianRadius[area],
    area,
  ]);
  const show = (area) => showArea(mapNow(), data, area);
  const numbers = Array.from({ length: 7 }, numberColumn);
  const names = hasGroups ? [buttonColumn(show), textColumn()] : [buttonColumn(show)];
  longTable("areas-table", [...names, ...numbers], rows, [], "Search the areas");
  if (areas.nLeftOut) {
    const cut = document.getElementById("areas-cut");
    cut.textContent = `${wholeNumber.format(areas.nLeftOut)} more areas are left out here; all are in the sampling frames (folder frame of the output).`;
    cut.hidden = false;
  }
}
