"use strict";
// Starts the parts of the page; one that fails says so and leaves the others working.

async function startPage() {
  let data;
  try {
    data = await readData();
  } catch (error) {
    report(error);
    return;
  }
  attempt(() => drawHistograms(data));
  // The map takes longest; until it is there the tables say in words what they would show on it.
  let map = null;
  attempt(() => drawTables(data, () => map));
  await new Promise((resolve) => setTimeout(resolve));
  map = attempt(() => startMap(data)) ?? null;
  document.documentElement.dataset.ready = "yes";
}

function attempt(work) {
  try {
    return work();
  } catch (error) {
    report(error);
    return undefined;
  }
}

function report(error) {
  console.error(error);
  const problem = document.getElementById("page-problem");
  problem.textContent = `A part of this page does not work in this browser: ${error.message}`;
  problem.hidden = false;
}

// The words and key figures are painted first.
requestAnimationFrame(() => setTimeout(startPage));
