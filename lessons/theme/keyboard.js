// Adds what mdBook's pages lack for readers who use no mouse or do not see the screen.

(() => {
  "use strict";

  // For a box to be scrolled by the arrow keys, it has to have the focus. So whatever is wider than
  // its place can be reached by Tab, as long as it is.
  const watcher = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) {
        target.tabIndex = 0;
      } else {
        target.removeAttribute("tabindex");
      }
    }
  });
  const boxes = "main pre > code, .table-wrapper, figure.diagram";
  document.querySelectorAll(boxes).forEach((box) => watcher.observe(box));

  // There the arrow keys and a finger scroll, and do nothing else: mdBook, which hears of them last,
  // would turn the page at a key, and open the menu at a swipe.
  const main = document.querySelector("main");
  const keep = (event) => {
    for (let box = event.target; box !== main; box = box.parentElement) {
      const isScrolled = getComputedStyle(box).overflowX === "auto";
      if (isScrolled && box.scrollWidth > box.clientWidth) event.stopPropagation();
    }
  };
  main.addEventListener("touchmove", keep, { passive: true });
  main.addEventListener("keydown", (event) => {
    if (["ArrowLeft", "ArrowRight"].includes(event.key)) keep(event);
  });

  // mdBook opens the table of contents by the label of a hidden checkbox, which no key reaches. A
  // button clicks it instead. The label stays, out of sight: mdBook shows and hides the panel at its
  // clicks, and writes on it whether the menu is open.
  const label = document.getElementById("mdbook-sidebar-toggle");
  const checkbox = document.getElementById("mdbook-sidebar-toggle-anchor");
  const button = document.createElement("button");
  button.type = "button";
  for (const name of ["class", "title", "aria-label", "aria-controls"]) {
    button.setAttribute(name, label.getAttribute(name));
  }
  button.addEventListener("click", () => label.click());
  button.append(...label.childNodes);
  label.hidden = true;
  label.after(button);

  // A swipe and a drag of the panel's edge tell that the menu is open or closed, but leave the
  // checkbox, and so the panel, as they were. A click makes up for it.
  const follow = () => {
    if (label.getAttribute("aria-expanded") !== String(checkbox.checked)) label.click();
    button.setAttribute("aria-expanded", label.getAttribute("aria-expanded"));
  };
  new MutationObserver(follow).observe(label, { attributeFilter: ["aria-expanded"] });
  follow();

  // A browser that goes back to a page checks the box again, behind mdBook's back: the page would
  // stand aside for a panel that is not there.
  checkbox.autocomplete = "off";

  // A reader who jumps from landmark to landmark finds the menu, too.
  document.getElementById("mdbook-menu-bar").setAttribute("role", "banner");
})();
