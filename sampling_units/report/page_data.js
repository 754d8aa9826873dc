"use strict";
// The data of the page: unpacked, and as GeoJSON.

async function readData() {
  if (typeof DecompressionStream === "undefined") {
    throw new Error("This browser is too old to unpack the data in this page. Any browser of 2023 or later can.");
  }
  const letters = atob(document.getElementById("data").textContent);
  const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(unpacked).text());
}

function centreOf(data, cluster) {
  return [data.clusters.longitude[cluster] / data.perDegree, data.clusters.latitude[cluster] / data.perDegree];
}

function properties(data, cluster) {
  return { w: data.clusters.weight[cluster], s: data.clusters.status[cluster] };
}

function collection(features) {
  return { type: "FeatureCollection", features };
}

function pointFeatures(data, isWanted = () => true) {
  const features = [];
  for (let cluster = 0; cluster < data.clusters.id.length; cluster++) {
    if (!isWanted(cluster)) continue;
    const geometry = { type: "Point", coordinates: centreOf(data, cluster) };
    features.push({ type: "Feature", id: cluster, properties: properties(data, cluster), geometry });
  }
  return collection(features);
}

function polygonFeatures(data, isWanted = () => true) {
  const features = clusterShapes(data).flatMap((geometry, cluster) => {
    if (!geometry || !isWanted(cluster)) return [];
    return [{ type: "Feature", id: cluster, properties: properties(data, cluster), geometry }];
  });
  return collection(features);
}

// The polygons of each cluster, null where it has none.
function clusterShapes(data) {
  data.shapes ??= unpackShapes(data);
  return data.shapes;
}

// Walks through the steps from vertex to vertex; see polygon_packing.py.
function unpackShapes(data) {
  const { parts, rings, vertices, x: stepsX, y: stepsY } = data.polygons;
  let [part, ring, vertex, x, y] = [0, 0, 0, 0, 0];
  const readRing = () => {
    const places = [];
    for (let left = vertices[ring++]; left > 0; left--, vertex++) {
      x += stepsX[vertex];
      y += stepsY[vertex];
      places.push([x / data.perDegree, y / data.perDegree]);
    }
    places.push(places[0]);
    return places;
  };
  return parts.map((nParts) => {
    const coordinates = [];
    for (let leftParts = nParts; leftParts > 0; leftParts--) {
      const polygon = [];
      for (let leftRings = rings[part++]; leftRings > 0; leftRings--) polygon.push(readRing());
      coordinates.push(polygon);
    }
    return coordinates.length ? { type: "MultiPolygon", coordinates } : null;
  });
}

// Hexagons with a corner upwards; see hexagons.py.
function hexagonFeatures(level) {
  const features = level.q.map((q, cell) => {
    const r = level.r[cell];
    const [x, y] = [level.size * Math.sqrt(3) * (q + r / 2), level.size * 1.5 * r];
    const corners = [0, 1, 2, 3, 4, 5, 6].map((corner) => {
      const angle = ((corner % 6) * 60 - 30) * (Math.PI / 180);
      return fromMercator(x + level.size * Math.cos(angle), y + level.size * Math.sin(angle));
    });
    const n = level.n[cell];
    const nInRange = level.n_in_range[cell];
    return {
      type: "Feature",
      properties: { n, nInRange, w: level.mean[cell], share: nInRange / n },
      geometry: { type: "Polygon", coordinates: [corners] },
    };
  });
  return collection(features);
}

function fromMercator(x, y) {
  return [(x - 0.5) * 360, (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI];
}
