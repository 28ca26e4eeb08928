// Marks the words that you type in the boxes of terminals, so that they differ from the output.

(() => {
  "use strict";

  const span = (kind, text) => {
    const element = document.createElement("span");
    element.className = kind;
    element.textContent = text;
    return element;
  };

  // Values that differ each time are between these marks.
  const marked = (text) =>
    text.split(/‹([^›]*)›/).map((part, place) => place % 2 ? span("differs", part) : part);

  // The rules of crates/book/chapter-checks/src/console.rs: a command follows "$ " and continues
  // after a "\\" at its end; if a program reads the terminal, "> " lines and keys are typed as well.
  const parts = (lines, isTerminal) => {
    let goesOn = false;
    return lines.flatMap((line) => {
      const typed = goesOn ? "" : /^[$>] /.exec(line)?.[0];
      const isTyped = typed === "" || typed === "$ " || (typed === "> " && isTerminal);
      goesOn = isTyped && typed !== "> " && line.endsWith("\\");
      if (isTyped) return [span("prompt", typed), span("typed", line.slice(typed.length)), "\n"];
      if (isTerminal && /^\^[CD]$/.test(line)) return [span("typed key", line), "\n"];
      return [...marked(line), "\n"];
    });
  };

  for (const code of document.querySelectorAll("code.language-console")) {
    const isTerminal = ["server", "session"].some((kind) => code.classList.contains(kind));
    const lines = code.textContent.replace(/\n$/, "").split("\n");
    code.replaceChildren(...parts(lines, isTerminal));
  }
})();
