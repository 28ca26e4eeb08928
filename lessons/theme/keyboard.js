// Adds what mdBook's pages lack for readers who use no mouse or do not see the screen.

(() => {
  "use strict";

  // The first Tab leads past the menu to the text.
  const skip = document.createElement("a");
  skip.className = "skip";
  skip.href = "#text";
  skip.textContent = "Skip to the text";
  skip.addEventListener("click", (event) => {
    event.preventDefault();
    const text = document.querySelector("main");
    text.tabIndex = -1;
    text.focus();
    text.addEventListener("blur", () => text.removeAttribute("tabindex"), { once: true });
  });
  document.body.prepend(skip);

  // A box that is wider than its place scrolls. Its edge fades where there is more to see.
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
  const boxes = "main pre > code, .table-wrapper, .figures, figure.diagram";
  for (const box of document.querySelectorAll(boxes)) {
    watcher.observe(box);
    box.addEventListener("scroll", fade, { passive: true });
  }

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
