// Adds support that mdBook's pages lack for readers without a mouse or without sight.

(() => {
  "use strict";

  // The arrow keys scroll a box only if it has the focus. So each box that is wider than its place
  // can be reached by Tab, as long as it is wider.
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

  // In these boxes the arrow keys and a finger only scroll. Otherwise mdBook, which gets the events
  // last, would turn the page at a key, and open the menu at a swipe.
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

  // mdBook opens the table of contents with the label of a hidden checkbox, which no key reaches. A
  // button clicks it instead. The label stays in the page, but hidden: mdBook shows and hides the
  // panel when it is clicked, and writes on it whether the menu is open.
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

  // A swipe, or dragging the panel's edge, marks the menu as open or closed, but does not change
  // the checkbox, and so the panel. A click corrects this.
  const follow = () => {
    if (label.getAttribute("aria-expanded") !== String(checkbox.checked)) label.click();
    button.setAttribute("aria-expanded", label.getAttribute("aria-expanded"));
  };
  new MutationObserver(follow).observe(label, { attributeFilter: ["aria-expanded"] });
  follow();

  // A browser that goes back to a page restores the checked box without telling mdBook: the page
  // would leave room for a panel that is not shown.
  checkbox.autocomplete = "off";

  // Readers who move from landmark to landmark find the menu, too.
  document.getElementById("mdbook-menu-bar").setAttribute("role", "banner");
})();
