// Whoever has no mouse scrolls by the arrow keys, and for that a box has to have the focus.
// So whatever is wider than its place can be reached by Tab, as long as it is.

const boxes = document.querySelectorAll("main pre > code, .table-wrapper, figure.diagram");

const watcher = new ResizeObserver((entries) => {
    for (const { target } of entries) {
        if (target.scrollWidth > target.clientWidth) {
            target.tabIndex = 0;
        } else {
            target.removeAttribute("tabindex");
        }
    }
});

boxes.forEach((box) => watcher.observe(box));
