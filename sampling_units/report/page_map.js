"use strict";
// The map: drawing, pointing, zooming to a cluster or an area, and the words beside it.

// Whether what the words beside the map describe was chosen, so that pointing elsewhere does not replace it.
let isPinned = false;

function startMap(data) {
  if (!data.bounds) {
    showMapProblem("There is no cluster to draw.");
    return null;
  }
  if (!document.createElement("canvas").getContext("webgl2")) {
    showMapProblem(
      "This browser cannot draw the map (WebGL is switched off or missing). Everything else on the page works.",
    );
    drawLegend(data, "weight");
    return null;
  }
  const map = new maplibregl.Map({
    container: "map",
    style: mapStyle(data),
    bounds: data.bounds,
    fitBoundsOptions: { padding: 30, maxZoom: 15 },
    attributionControl: false,
    // The wheel and one finger scroll the page; the map says how it is moved instead.
    cooperativeGestures: true,
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
  map
    .getCanvas()
    .setAttribute(
      "aria-label",
      "Map of the clusters. Arrow keys move it, plus and minus zoom. The tables below hold the same.",
    );
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
    Object.assign(container.dataset, {
      zoom: map.getZoom().toFixed(3),
      longitude: lng.toFixed(5),
      latitude: lat.toFixed(5),
    });
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
  map.on("mousemove", (event) => {
    const feature = featureAt(map, data, event.point);
    map.getCanvas().style.cursor = feature ? "pointer" : "";
    if (feature && !isPinned) describe(map, data, feature, false);
  });
  map.on("click", (event) => {
    const feature = featureAt(map, data, event.point);
    if (feature) describe(map, data, feature, true);
    else clearDetails(map);
  });
}

function listenToKeyboard(map, data) {
  const canvas = map.getCanvas();
  const describeMiddle = (event) => {
    // A link in a table has described what it leads to.
    if (event.isLink || canvas.dataset.isLink || !canvas.matches(":focus-visible")) return;
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
  const around = [
    [point.x - 2, point.y - 2],
    [point.x + 2, point.y + 2],
  ];
  return map.queryRenderedFeatures(around, { layers: layersWithDetails(data) })[0];
}

function describe(map, data, feature, isChosen) {
  isPinned = isChosen;
  if (feature.layer.id.startsWith("hexagons")) {
    describeHexagon(data, feature.properties);
    if (isChosen) outline(map, { selection: [{ type: "Feature", properties: {}, geometry: feature.geometry }] });
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
  isPinned = false;
  outline(map, {});
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

function describeArea(data, area) {
  const areas = data.areas;
  const [name, file] = [areas.name?.[area], areas.file[area]];
  const facts = [
    ["Clusters", wholeNumber.format(areas.clusters[area])],
    ["Inside the range", shareText(areas.inRange[area], areas.clusters[area])],
    ["Weight range", data.ranges.map(rangeText).join(", ")],
    ["Exceptions", wholeNumber.format(areas.exceptions[area])],
    ["Rows", wholeNumber.format(areas.places[area])],
    ["Weight", numberText(areas.weight[area])],
    ["Median weight", numberText(areas.medianWeight[area])],
    ["Median radius", metresText(areas.medianRadius[area])],
  ];
  const kind = element("p", { text: name ? `Area in ${file}` : "Area", className: "quiet file" });
  fillDetails(name || file, [kind, factList(facts)]);
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
  const shape = data.isDetailed ? clusterShapes(data)[cluster] : null;
  const geometry = shape ?? { type: "Point", coordinates: centreOf(data, cluster) };
  outline(map, { selection: [{ type: "Feature", properties: {}, geometry }] });
}

function selectArea(map, data, area) {
  const features = data.isDetailed
    ? polygonFeatures(data, (cluster) => data.clusters.area[cluster] === area).features
    : [];
  const [west, south, east, north] = boxOf(data, area);
  const geometry = {
    type: "Polygon",
    coordinates: [
      [
        [west, south],
        [east, south],
        [east, north],
        [west, north],
        [west, south],
      ],
    ],
  };
  outline(map, { area: features.length ? features : [{ type: "Feature", properties: {}, geometry }] });
}

// Draws a line around these, and around nothing else.
function outline(map, { selection = [], area = [] }) {
  const draw = () => {
    map.getSource("selection").setData(collection(selection));
    map.getSource("area").setData(collection(area));
  };
  if (map.getSource("selection")) draw();
  else map.once("load", draw);
}

function showCluster(map, data, cluster) {
  const [longitude, latitude] = centreOf(data, cluster);
  const metres = Math.max(data.clusters.radius[cluster] || 0, 20) * 2;
  const height = metres / 111320;
  const width = height / Math.max(Math.cos((latitude * Math.PI) / 180), 0.01);
  describeCluster(data, cluster);
  isPinned = true;
  if (!map) return;
  goTo(map, [longitude - width, latitude - height, longitude + width, latitude + height]);
  select(map, data, cluster);
}

function showArea(map, data, area) {
  describeArea(data, area);
  isPinned = true;
  if (!map || !data.areas.clusters[area]) return;
  goTo(map, boxOf(data, area));
  selectArea(map, data, area);
}

function boxOf(data, area) {
  return data.areas.box[area].map((thousandths) => thousandths / 1000);
}

function goTo(map, box) {
  document.getElementById("map").scrollIntoView({ block: "center" });
  const canvas = map.getCanvas();
  canvas.dataset.isLink = "yes";
  canvas.focus({ preventScroll: true });
  delete canvas.dataset.isLink;
  const isQuiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
  map.fitBounds(box, { padding: 40, maxZoom: 16, animate: !isQuiet, duration: 900 }, { isLink: true });
}

function drawLegend(data, colourBy) {
  const legend = document.getElementById("legend");
  if (colourBy === "weight") {
    const [low, high] = data.weightScale;
    const ends = [low > 0 ? `\u2264 ${numberText(low)}` : numberText(low), `\u2265 ${numberText(high)}`];
    const dots = data.isDetailed ? [] : [statusLegend(data)];
    legend.replaceChildren(rampLegend(data, ends, data.ranges), ...dots);
  } else if (data.isDetailed) {
    legend.replaceChildren(statusLegend(data));
  } else {
    legend.replaceChildren(rampLegend(data, [`${LOWEST_SHARE * 100}% or less`, "100%"], []), statusLegend(data));
  }
}

// A bar of colours with lines at the limits of the ranges. Numbers below it stand in a row: at their places on the bar
// they would run into each other on a phone.
function rampLegend(data, ends, ranges) {
  const [low, high] = data.weightScale;
  const bar = element("div", { className: "ramp-bar" });
  bar.style.background = `linear-gradient(to right, ${scaleColours()
    .map(([, colour]) => colour)
    .join(", ")})`;
  ranges.forEach((range, number) => {
    for (const value of [range.low, range.high]) {
      if (value === null || value <= low || value >= high) continue;
      const limit = element("span", { className: number ? "limit dashed" : "limit" });
      limit.style.left = `${(100 * (value - low)) / (high - low)}%`;
      bar.append(limit);
    }
  });
  const [left, right] = ends.map((text) => element("span", { text }));
  const styles = ["solid", "dashed"];
  const texts = ranges.map(
    (range, number) => rangeText(range) + (ranges.length > 1 ? `, ${styles[number]} lines` : ""),
  );
  const middle = element("span", { text: texts.length ? `Allowed: ${texts.join("; ")}` : "", className: "allowed" });
  return element("div", {
    className: "ramp",
    children: [bar, element("div", { className: "ramp-ends", children: [left, middle, right] })],
  });
}

function statusLegend(data) {
  const items = data.statuses.flatMap((status, number) => {
    if (!data.counts[number] || (!data.isDetailed && number === 0)) return [];
    const text = `${status.label} (${wholeNumber.format(data.counts[number])})`;
    return [element("li", { children: [swatch(status.colour), text] })];
  });
  return element("ul", { children: items });
}
