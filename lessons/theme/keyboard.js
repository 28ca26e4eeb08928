// What mdBook's pages lack for whoever has no mouse or does not see the screen.

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

  // What opens the table of contents is the label of a hidden checkbox, which no key reaches. So
  // a button takes its place.
  const label = document.getElementById("mdbook-sidebar-toggle");
  const checkbox = document.getElementById("mdbook-sidebar-toggle-anchor");
  const button = document.createElement("button");
  button.type = "button";
  for (const name of ["id", "class", "title", "aria-label", "aria-controls"]) {
    button.setAttribute(name, label.getAttribute(name));
  }
  const tell = () => button.setAttribute("aria-expanded", String(checkbox.checked));
  button.addEventListener("click", () => checkbox.click());
  checkbox.addEventListener("change", tell);
  button.append(...label.childNodes);
  label.replaceWith(button);
  tell();

  // Whoever jumps from landmark to landmark finds the menu, too.
  document.getElementById("mdbook-menu-bar").setAttribute("role", "banner");
})();
