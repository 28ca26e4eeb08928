// Adds support that mdBook's pages lack for readers without a mouse or without sight.

(() => {
  "use strict";

  // The first Tab skips the menu and leads to the text.
  const text = document.querySelector("main");
  text.id ||= "text";
  const skip = document.createElement("a");
  skip.className = "skip";
  skip.href = `#${text.id}`;
  skip.textContent = "Skip to the text";
  skip.addEventListener("click", (event) => {
    event.preventDefault();
    text.tabIndex = -1;
    text.focus();
    text.addEventListener("blur", () => text.removeAttribute("tabindex"), { once: true });
  });
  document.body.prepend(skip);

  // A box that is wider than its place scrolls. Its edge fades where more of it is hidden.
  const fade = ({ target }) => {
    const { scrollLeft, scrollWidth, clientWidth } = target;
    target.classList.toggle("more-before", scrollLeft > 1);
    target.classList.toggle("more-behind", scrollLeft + clientWidth < scrollWidth - 1);
  };

  // The arrow keys scroll a box only if it has the focus, so Tab leads to it while it is too wide.
  const watcher = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) {
        target.tabIndex = 0;
      } else {
        target.removeAttribute("tabindex");
      }
      fade({ target });
    }
  });
  const boxes = "main pre > code, .table-wrapper, .figures, figure.diagram, .widget-transcript > pre";
  // The scripts of the widgets run after this one, and make boxes too.
  document.addEventListener("DOMContentLoaded", () => {
    for (const box of document.querySelectorAll(boxes)) {
      watcher.observe(box);
      box.addEventListener("scroll", fade, { passive: true });
    }
  });

  // In these boxes the arrow keys and a finger only scroll. Otherwise mdBook, which gets the events
  // last, would turn the page at a key, and open the menu at a swipe.
  const keep = (event) => {
    for (let box = event.target; box !== text; box = box.parentElement) {
      const isScrolled = getComputedStyle(box).overflowX === "auto";
      if (isScrolled && box.scrollWidth > box.clientWidth) event.stopPropagation();
    }
  };
  text.addEventListener("touchmove", keep, { passive: true });
  text.addEventListener("keydown", (event) => {
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
