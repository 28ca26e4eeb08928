// Questions without end, and diagnoses of the answers. The same seed asks the same questions here
// and on the command line.
(() => {
  "use strict";
  const { dotted, hexBytes, ipv6Text, macText } = afterAccept.bits;
  const { drills, read } = afterAccept;

  // Numbers that look random but follow from a seed: Tommy Ettinger's mulberry32.
  class Numbers {
    constructor(seed) {
      this.state = seed | 0;
    }

    draw() {
      this.state = (this.state + 0x6d2b79f5) | 0;
      const { state } = this;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
      return (mixed ^ (mixed >>> 14)) >>> 0;
    }

    below(limit) {
      return this.draw() % limit;
    }
  }

  // The questions of a seed.
  function* questions(subject, seed) {
    const numbers = new Numbers(seed);
    for (;;) {
      const question = drills[subject].draw(numbers);
      if (isTelling(question)) yield question;
    }
  }

  // If a mistake happens to lead to the right answer, it is left out.
  const wrongAnswers = ({ right, slips }) => slips.filter(([, answer]) => answer !== right);

  // Whether a question tells mistakes apart: at least three are possible, and each leads to a
  // different answer.
  function isTelling(question) {
    const answers = wrongAnswers(question).map(([, answer]) => answer);
    return answers.length >= 3 && new Set(answers).size === answers.length;
  }

  // Judges an answer: right, or wrong with the mistake, if it is a typical one.
  function judge(question, answer) {
    if (answer === question.right) return { isRight: true, mistake: null };
    const slip = wrongAnswers(question).find(([, wrong]) => wrong === answer);
    return { isRight: false, mistake: slip ? slip[0] : null };
  }

  // An answer in the form for comparison: written like the right one.
  const readAnswer = {
    number: (text) => String(read.answer(text)),
    bytes: (text) => hexBytes(read.bytes(text)),
    address: (text) => dotted(read.ipv4(text)),
    ipv6: (text) => ipv6Text(read.ipv6(text)),
    mac: (text) => macText(read.mac(text)),
  };

  // The text of a verdict, the same as on the command line.
  function says(subject, question, { isRight, mistake }) {
    if (isRight) return "Right.";
    const no = mistake === null ? "No." : `No: ${drills[subject].mistakes[mistake]}.`;
    return `${no} It is ${question.right}.`;
  }

  afterAccept.drill = { Numbers, questions, wrongAnswers, isTelling, judge, readAnswer, says };

  if (!globalThis.customElements) return;
  const { button, frame, make, narrow, Field } = afterAccept.page;

  const titles = {
    bytes: "Drill: byte order",
    subnet: "Drill: networks",
    ipv6: "Drill: IPv6 networks",
    mac: "Drill: multicast groups and MAC addresses",
  };

  class AddressDrill extends HTMLElement {
    connectedCallback() {
      if (this.answer) return;
      this.subject = this.getAttribute("subject");
      this.answer = new Field("", { enterkeyhint: "go" });
      // The question labels the field, and is spoken when the next question comes.
      const question = make("div", { class: "widget-question", "aria-live": "polite" },
        this.answer.label);
      this.check = make("button", { type: "submit" }, "Check");
      const form = make("form", { novalidate: true, onsubmit: (event) => this.submit(event) },
        question, make("div", { class: "widget-controls" }, this.answer.element, this.check));
      this.answer.wrong.setAttribute("role", "alert");
      this.verdict = make("p", { class: "widget-verdict", role: "status" });
      this.why = make("pre", { tabindex: "0", role: "group", "aria-label": "Working" });
      // The same for a narrow window; the style sheet shows one of the two.
      this.narrow = make("div", { class: "widget-narrow" });
      this.working = make("details", { class: "widget-transcript", hidden: true },
        make("summary", {}, "Why"), this.why, this.narrow);
      frame(this, titles[this.subject], form, this.verdict, this.working, this.footer());
      this.start(this.getAttribute("seed") ?? this.anySeed());
    }

    footer() {
      this.seed = new Field("Seed", {
        inputmode: "numeric", size: "10", onchange: () => this.start(this.seed.input.value),
      });
      this.score = make("p", { class: "widget-score" });
      this.command = make("code");
      const another = button("New seed", () => this.start(this.anySeed()));
      return make("div", { class: "widget-footer" }, this.score,
        make("div", { class: "widget-controls" }, this.seed.element, another),
        make("p", { class: "widget-note" }, "The same questions in a terminal: ", this.command));
    }

    anySeed() {
      return String(crypto.getRandomValues(new Uint32Array(1))[0]);
    }

    start(text) {
      this.seed.input.value = text;
      const seed = this.seed.value(read.seed);
      if (seed === undefined) return;
      this.questions = questions(this.subject, seed);
      this.asked = 0;
      this.right = 0;
      this.command.textContent = `after-accept addresses drill ${this.subject} --seed ${seed}`;
      this.ask();
    }

    ask() {
      this.question = this.questions.next().value;
      this.isAnswered = false;
      this.answer.label.textContent = `${this.asked + 1}. ${this.question.text}`;
      this.answer.input.value = "";
      this.answer.input.readOnly = false;
      this.answer.says("");
      this.verdict.textContent = "";
      this.verdict.className = "widget-verdict";
      this.working.hidden = true;
      this.show();
    }

    show() {
      this.check.textContent = this.isAnswered ? "Next question" : "Check";
      this.score.textContent = `${this.right} of ${this.asked} right`;
    }

    submit(event) {
      event.preventDefault();
      if (this.isAnswered) {
        this.ask();
        this.answer.input.focus();
        return;
      }
      const isEmpty = this.answer.input.value.trim() === "";
      const answer = isEmpty ? null : this.answer.value(readAnswer[this.question.kind]);
      if (answer !== undefined) this.tell(answer);
    }

    // Shows the verdict on an answer; without one it shows the right answer, like the command line.
    tell(answer) {
      const { question } = this;
      const verdict = judge(question, answer);
      this.isAnswered = true;
      this.asked += 1;
      this.right += verdict.isRight ? 1 : 0;
      this.answer.says("");
      this.answer.input.readOnly = true;
      this.verdict.textContent = answer === null ? `It is ${question.right}.`
        : says(this.subject, question, verdict);
      this.verdict.classList.add(verdict.isRight ? "right" : "wrong");
      this.why.textContent = question.working();
      this.narrow.replaceChildren(...narrow(question.working()));
      this.working.hidden = false;
      this.working.open = !verdict.isRight;
      this.show();
    }
  }

  customElements.define("address-drill", AddressDrill);
})();
