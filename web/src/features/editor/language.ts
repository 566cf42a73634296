/** Which language a file is written in, by its name or its first line. Each is loaded when a file needs it. */
import { LanguageDescription } from "@codemirror/language";
import { languages } from "@codemirror/language-data";

/** Names that the list of languages does not know. */
const NAMES: [RegExp, string][] = [
  [/^(\.?(bash|zsh|k)(rc|_profile|_history|_aliases|env)|\.profile|\.envrc|PKGBUILD|\.env(\..+)?)$/, "Shell"],
  [/^(Dockerfile|Containerfile)(\..+)?$/i, "Dockerfile"],
  [
    /^(\.babelrc|\.eslintrc|\.prettierrc|.+\.(jsonc|json5|webmanifest|geojson|ipynb)|tsconfig.*\.json)$/,
    "JSON",
  ],
  [/^(Cargo\.lock|uv\.lock|poetry\.lock|Pipfile)$/, "TOML"],
  [/^(\.gitconfig|\.editorconfig|\.npmrc|\.gitmodules|.+\.(cfg|conf|service|desktop))$/, "Properties files"],
  [/^(SConstruct|SConscript|wscript|.+\.(pyi|bzl|star)|BUILD|WORKSPACE)$/, "Python"],
  [/^(Gemfile|Rakefile|Vagrantfile|.+\.gemspec)$/, "Ruby"],
  [/^(.+\.(svelte|astro)|.+\.html\.\w+)$/, "HTML"],
  [/^(.+\.(mdx|markdown|mkd)|CHANGELOG|README)$/, "Markdown"],
  [/^(.+\.(plist|svg|xsd|xsl|csproj|props))$/, "XML"],
];

const PROGRAMS: [RegExp, string][] = [
  [/\bpython[\d.]*\b/, "Python"],
  [/\b(ba|z|da|k)?sh\b/, "Shell"],
  [/\b(node|bun)\b/, "JavaScript"],
  [/\bdeno\b/, "TypeScript"],
  [/\bruby\b/, "Ruby"],
  [/\bperl\b/, "Perl"],
  [/\blua\b/, "Lua"],
];

/** Null for plain text. */
export function languageOf(name: string, firstLine: string): LanguageDescription | null {
  return byName(name) ?? byProgram(firstLine);
}

function byName(name: string): LanguageDescription | null {
  const own = NAMES.find(([pattern]) => pattern.test(name))?.[1];
  return own ? called(own) : LanguageDescription.matchFilename(languages, name);
}

/** By the program that a script says is to run it. */
function byProgram(firstLine: string): LanguageDescription | null {
  if (!firstLine.startsWith("#!")) return null;
  const program = PROGRAMS.find(([pattern]) => pattern.test(firstLine))?.[1];
  return program ? called(program) : null;
}

/** By the name a block of code in a text gives its language. */
export function languageCalled(name: string): LanguageDescription | null {
  return name ? LanguageDescription.matchLanguageName(languages, name, true) : null;
}

function called(name: string): LanguageDescription | null {
  return languages.find((language) => language.name === name) ?? null;
}
