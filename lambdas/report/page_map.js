"use strict";
// The map: drawing, pointing, zooming to a cluster or an area, and the words beside it.

function startMap(data) {
  if (!data.bounds) {
    showMapProblem("There is no cluster to draw.");
    return null;
  }
  if (!document.createElement("canvas").getContext("webgl2")) {
    showMapProblem("This browser cannot draw the map (WebGL is switched off or missing). Everything else on the page works.");
    drawLegend(data, "weight");
    return null;
  }
  const map = new maplibregl.Map({
    container: "map",
    style: mapStyle(data),
    bounds: data.bounds,
    fitBoundsOptions: { padding: 30, maxZoom: 15 },
    attributionControl: false,
    cooperativeGestures: matchMedia("(pointer: coarse)").matches,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    maxZoom: 19,
    renderWorldCopies: true,
    // Otherwise the map is empty on paper.
    canvasContextAttributes: { preserveDrawingBuffer: true },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibregl.ScaleControl(), "bottom-left");
  map.getCanvas().setAttribute("aria-label", "Map of the clusters. Arrow keys move it, plus and minus zoom. The tables below hold the same.");
  // The canvas names itself; a region around it would be one more stop with the same name.
  map.getContainer().querySelector(".maplibregl-canvas-container").removeAttribute("role");
  listenToPointer(map, data);
  listenToKeyboard(map, data);
  listenToColours(map, data);
  tellPosition(map);
  drawLegend(data, "weight");
  return map;
}

function showMapProblem(text) {
  const problem = document.getElementById("map-problem");
  problem.textContent = text;
  problem.hidden = false;
}

// Where the map is, readable from outside, as for the page's own tests.
function tellPosition(map) {
  const container = map.getContainer();
  const tell = () => {
    const { lng, lat } = map.getCenter();
    Object.assign(container.dataset, { zoom: map.getZoom().toFixed(3), longitude: lng.toFixed(5), latitude: lat.toFixed(5) });
  };
  map.on("moveend", tell);
  map.on("render", () => {
    container.dataset.drawn = "no";
  });
  map.on("idle", () => {
    container.dataset.drawn = "yes";
  });
  tell();
}

function listenToPointer(map, data) {
  let isPinned = false;
  map.on("mousemove", (event) => {
    const feature = featureAt(map, data, event.point);
    map.getCanvas().style.cursor = feature ? "pointer" : "";
    if (feature && !isPinned) describe(map, data, feature, false);
  });
  map.on("click", (event) => {
    const feature = featureAt(map, data, event.point);
    isPinned = Boolean(feature);
    if (feature) describe(map, data, feature, true);
    else clearDetails(map);
  });
}

function listenToKeyboard(map, data) {
  const canvas = map.getCanvas();
  const describeMiddle = () => {
    if (!canvas.matches(":focus-visible")) return;
    const feature = featureAt(map, data, map.project(map.getCenter()));
    if (feature) describe(map, data, feature, true);
  };
  map.on("moveend", describeMiddle);
  canvas.addEventListener("focus", describeMiddle);
}

function listenToColours(map, data) {
  const choices = document.querySelectorAll("#colour-switch input");
  const chosen = () => [...choices].find((choice) => choice.checked).value;
  const paint = () => {
    paintMap(map, data, chosen());
    drawLegend(data, chosen());
  };
  map.on("load", () => {
    for (const choice of choices) choice.addEventListener("change", paint);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
    const dots = document.getElementById("dots-switch");
    const showDots = () => map.setLayoutProperty("dots", "visibility", dots.checked ? "visible" : "none");
    dots?.addEventListener("change", showDots);
    if (dots) showDots();
    // A browser keeps the choice when the page is loaded again.
    paint();
  });
}

function featureAt(map, data, point) {
  const around = [[point.x - 2, point.y - 2], [point.x + 2, point.y + 2]];
  return map.queryRenderedFeatures(around, { layers: layersWithDetails(data) })[0];
}

function describe(map, data, feature, isChosen) {
  if (feature.layer.id.startsWith("hexagons")) {
    describeHexagon(data, feature.properties);
    return;
  }
  describeCluster(data, feature.id);
  if (isChosen) select(map, data, feature.id);
}

function fillDetails(heading, parts) {
  document.getElementById("details").replaceChildren(element("h3", { text: heading }), ...parts);
}

function clearDetails(map) {
  fillDetails("Details", [element("p", { text: "Nothing is chosen.", className: "quiet" })]);
  map.getSource("selection").setData(collection([]));
}

function factList(facts) {
  const lines = facts.flatMap(([label, value]) => [element("dt", { text: label }), element("dd", { text: value })]);
  return element("dl", { children: lines });
}

function describeCluster(data, cluster) {
  const columns = data.clusters;
  const status = data.statuses[columns.status[cluster]];
  const file = element("p", { text: data.files[columns.file[cluster]], className: "quiet file" });
  const verdict = element("p", { children: [swatch(status.colour), status.label] });
  const explanation = element("p", { text: status.explanation, className: "quiet" });
  const [longitude, latitude] = centreOf(data, cluster);
  const facts = [
    ["Weight", numberText(columns.weight[cluster])],
    ["Weight range", data.ranges.map(rangeText).join(", ")],
    ["Radius", metresText(columns.radius[cluster])],
    ["Ground", groundText(columns.ground[cluster])],
    ["Rows", wholeNumber.format(columns.places[cluster])],
    ["Connected pieces", wholeNumber.format(columns.pieces[cluster])],
    ["Centre", placeText(longitude, latitude)],
  ];
  fillDetails(columns.id[cluster], [file, verdict, factList(facts), explanation]);
}

function describeHexagon(data, { n, nInRange, w }) {
  const facts = [
    ["Clusters", wholeNumber.format(n)],
    ["Inside the range", shareText(nInRange, n)],
    ["Mean weight", numberText(w)],
    ["Weight range", data.ranges.map(rangeText).join(", ")],
  ];
  fillDetails("Clusters in this hexagon", [factList(facts)]);
}

function select(map, data, cluster) {
  const shapes = data.isDetailed ? map.querySourceFeatures("polygons", { filter: ["==", ["id"], cluster] }) : [];
  const geometry = { type: "Point", coordinates: centreOf(data, cluster) };
  // A polygon comes in parts, one for each tile; their borders would show the tiles, so the dot marks what is cut.
  const whole = shapes.length === 1 ? shapes[0].geometry : geometry;
  map.getSource("selection").setData({ type: "Feature", properties: {}, geometry: whole });
}

function showCluster(map, data, cluster) {
  const [longitude, latitude] = centreOf(data, cluster);
  const metres = Math.max(data.clusters.radius[cluster] || 0, 20) * 2;
  const height = metres / 111320;
  const width = height / Math.max(Math.cos((latitude * Math.PI) / 180), 0.01);
  describeCluster(data, cluster);
  if (!map) return;
  goTo(map, [longitude - width, latitude - height, longitude + width, latitude + height]);
  map.once("idle", () => select(map, data, cluster));
}

function showArea(map, data, area) {
  const box = data.areas.box[area].map((thousandths) => thousandths / 1000);
  if (map) goTo(map, box);
}

function goTo(map, box) {
  document.getElementById("map").scrollIntoView({ block: "center" });
  map.getCanvas().focus({ preventScroll: true });
  const isQuiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
  map.fitBounds(box, { padding: 40, maxZoom: 16, animate: !isQuiet, duration: 900 });
}

function drawLegend(data, colourBy) {
  const legend = document.getElementById("legend");
  if (colourBy === "weight") {
    const [low, high] = data.weightScale;
    const ticks = data.ranges.flatMap((range) => [[range.low, "lower limit", range.kind], [range.high, "upper limit", range.kind]]);
    const inside = ticks.filter(([value]) => value !== null && value > low && value < high);
    const dots = data.isDetailed ? [] : [statusLegend(data)];
    legend.replaceChildren(rampLegend(low, high, inside, numberText), ...dots);
  } else if (data.isDetailed) {
    legend.replaceChildren(statusLegend(data));
  } else {
    const percent = (share) => `${Math.round(share * 100)}%`;
    legend.replaceChildren(rampLegend(LOWEST_SHARE, 1, [], percent), statusLegend(data));
  }
}

function rampLegend(low, high, ticks, textOf) {
  const bar = element("div", { className: "ramp-bar" });
  bar.style.background = `linear-gradient(to right, ${scaleColours().map(([, colour]) => colour).join(", ")})`;
  const labels = [[low, ""], ...ticks, [high, ""]].map(([value, remark, kind]) => {
    const sign = value === low && low > 0 ? "≤ " : value === high && textOf === numberText ? "≥ " : "";
    const label = element("span", { children: [sign + textOf(value), element("br"), element("small", { text: kind || remark, className: "quiet" })] });
    if (kind) label.className = kind;
    label.style.left = `${(100 * (value - low)) / (high - low)}%`;
    return label;
  });
  const className = ticks.some(([, , kind]) => kind) ? "ramp-ticks two-kinds" : "ramp-ticks";
  return element("div", { className: "ramp", children: [bar, element("div", { className, children: labels })] });
}

function statusLegend(data) {
  const items = data.statuses.flatMap((status, number) => {
    if (!data.counts[number] || (!data.isDetailed && number === 0)) return [];
    const text = `${status.label} (${wholeNumber.format(data.counts[number])})`;
    return [element("li", { children: [swatch(status.colour), text] })];
  });
  return element("ul", { children: items });
}
