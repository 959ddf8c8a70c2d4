// What a view hands to `patch` in dom.js.

export interface Element_ {
  tag: string;
  key: string | null;
  attrs: Attrs;
  children: Child[];
}
export type Child = Element_ | string;
export type Loose = Child | number | null | undefined | false | Loose[];
export type Attrs = Record<string, string | number | boolean | null | undefined | Record<string, string>>;
