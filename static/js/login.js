// A login link is a GET, which previews and scanners follow; only this form's POST uses it up.

const form = document.querySelector("form[data-submit-at-once]");
if (form instanceof HTMLFormElement) form.requestSubmit();
export {};
