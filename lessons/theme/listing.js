// Folds long listings: the page shows the first lines, and a button shows the others.

(() => {
  "use strict";

  const LONGEST = 32;

  for (const code of document.querySelectorAll("main pre > code")) {
    const lines = code.textContent.trimEnd().split("\n").length;
    if (lines <= LONGEST) continue;
    const listing = code.parentElement;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "fold";
    const fold = (isFolded) => {
      listing.classList.toggle("folded", isFolded);
      button.setAttribute("aria-expanded", String(!isFolded));
      button.textContent = isFolded ? `Show all ${lines} lines` : "Show less";
    };
    button.addEventListener("click", () => fold(!listing.matches(".folded")));
    listing.after(button);
    fold(true);
  }
})();
