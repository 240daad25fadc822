// Checks the modules of the page. Functions that turn text into HTML or scripts are forbidden by name.
import js from "@eslint/js";

const PAGE = "cmk_check/web/dashboard";

export default [
  { ignores: [`${PAGE}/vendor/**`] },
  {
    files: [`${PAGE}/*.js`],
    ...js.configs.recommended,
    languageOptions: {
      ecmaVersion: 2024,
      sourceType: "module",
      // tsc checks the browser's names, with its types.
      globals: {},
    },
    rules: {
      ...js.configs.recommended.rules,
      "no-undef": "off",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
      "no-console": "error",
      "no-var": "error",
      "prefer-const": "error",
      eqeqeq: "error",
      "no-shadow": "error",
      "max-lines": ["error", 350],
      complexity: ["error", 12],
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe", "srcdoc"].map(
          (property) => ({ property, message: "Text must stay text: use h and fill of dom.js." }),
        ),
        { object: "document", property: "write", message: "Text must stay text: use h and fill of dom.js." },
      ],
    },
  },
];
