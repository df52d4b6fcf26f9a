"use strict";
// Each chart's specification follows its place. The interpreter is used because the page's policy forbids eval.
for (const script of document.querySelectorAll("script.spec")) {
  const place = script.previousElementSibling;
  vegaEmbed(place, JSON.parse(script.textContent), { renderer: "svg", actions: false, ast: true })
    .then(() => place.classList.add("drawn"))
    .catch((error) => {
      place.textContent = "This chart could not be drawn: " + error.message;
    });
}
