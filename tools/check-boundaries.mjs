// Who may import whom, from Nx's tags, and nothing that is not declared. `--root <dir>` checks another tree (its test).
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { root as repository } from './node-version.mjs';
import { packageOf, projectsOf } from './projects.mjs';

const ts = createRequire(import.meta.url)('typescript'); // version 6: the native 7 has no API for this

/** A project with the tag on the left may depend on our projects that carry one of the tags on the right. */
const MAY_USE = {
  'type:app': ['type:lib', 'type:platform', 'type:service'],
  'type:e2e': ['type:lib', 'type:platform'], // the product is what was built and listens: over HTTP, never by import
  'type:web': ['type:lib'], // what runs in a browser speaks HTTP; only its tests use our libraries
  'type:service': ['scope:platform', 'scope:contracts', 'scope:testing'],
  'scope:platform': ['scope:platform', 'scope:contracts', 'scope:testing'],
  'scope:testing': ['scope:platform', 'scope:contracts'],
  'scope:contracts': [],
};

/** Packages that only some places may import, with the reason. */
const CONFINED = {
  kafkajs: { places: ['libs/bus/src/kafka/'], because: 'its successor must be able to replace it there' },
  undici: {
    places: ['libs/outbound-http/', 'apps/edge/', 'apps/bench/', 'apps/system-e2e/'],
    because: 'calls to addresses that users gave go through the guard of libs/outbound-http',
  },
};

/** Needed at run time by a package that does not say so, or loaded by name; each with its reason. */
const LOADED_BY_OTHERS = {
  'axe-core': 'its text is put into the page of a browser test',
  '@fastify/static': '@nestjs/swagger ends the process without it',
  'reflect-metadata': 'a peer that Nest loads itself',
  '@nestjs/core': 'a peer of the Nest packages',
  'class-transformer': "Nest's ValidationPipe loads it by name",
  '@nestjs/platform-fastify': 'Nest loads its HTTP adapter by name',
};

/** What only tests use, and never ships; tools/sync-references.mjs leaves the same files out of the build. */
const isTest = (project, file) =>
  project.tags.includes('scope:e2e') || /\.(spec|fixture|contract-suite)\.tsx?$/.test(file);

function importsOf(root, file) {
  const { importedFiles } = ts.preProcessFile(readFileSync(path.join(root, file), 'utf8'), true, true);
  return importedFiles.map((one) => one.fileName);
}

function mayUse(from, to) {
  return Object.entries(MAY_USE)
    .filter(([tag]) => from.tags.includes(tag))
    .every(([, allowed]) => to.tags.some((tag) => allowed.includes(tag)));
}

function relativeProblem(project, file, specifier) {
  const target = path.normalize(path.join(path.dirname(file), specifier));
  if (target.startsWith(project.dir + path.sep) || target === project.dir) return null;
  return `${file}: ${specifier} leaves the project; import the package by its name`;
}

function placeProblem(file, name) {
  const confined = CONFINED[name];
  if (!confined || confined.places.some((place) => file.startsWith(place))) return null;
  return `${file}: ${name} may be imported in ${confined.places.join(', ')} only: ${confined.because}`;
}

function ownProblem(project, file, specifier, target) {
  if (specifier !== target.name && !(specifier.slice(target.name.length + 1) in exportsOf(target))) {
    return `${file}: ${specifier} is no public entry of ${target.name}`;
  }
  if (target.tags.includes('scope:testing') && !isTest(project, file)) {
    return `${file}: ${target.name} is for tests only`;
  }
  if (mayUse(project, target)) return null;
  return `${file}: ${project.name} (${project.tags.join(', ')}) must not depend on ${target.name} (${target.tags.join(', ')})`;
}

function exportsOf(target) {
  return Object.fromEntries(Object.keys(target.manifest.exports ?? {}).map((key) => [key.replace(/^\.\//, ''), true]));
}

function declarationProblem(project, file, name, rootManifest) {
  const {
    dependencies = {},
    optionalDependencies = {},
    peerDependencies = {},
    devDependencies = {},
  } = project.manifest;
  if (name in dependencies || name in optionalDependencies || name in peerDependencies) return null;
  // What is bundled is no dependency of anything that runs: it is left out of the image.
  if (isTest(project, file) || project.tags.includes('type:web')) {
    if (name in devDependencies || name in (rootManifest.devDependencies ?? {})) return null;
    return `${file}: ${name} is not declared in ${project.dir}/package.json (devDependencies)`;
  }
  return `${file}: ${name} is not declared in ${project.dir}/package.json (dependencies)`;
}

function unusedProblems(project, used) {
  const declared = [
    ...Object.keys(project.manifest.dependencies ?? {}),
    ...Object.keys(project.manifest.devDependencies ?? {}),
  ];
  return declared
    .filter((name) => !used.has(name) && !(name in LOADED_BY_OTHERS) && !name.startsWith('@types/'))
    .map((name) => `${project.dir}/package.json: ${name} is declared, and nothing imports it`);
}

function problemsOf(root, project, byName, rootManifest) {
  const problems = [];
  const used = new Set();
  for (const file of project.files) {
    for (const specifier of importsOf(root, file)) {
      const name = packageOf(specifier);
      if (name === null) {
        if (specifier.startsWith('.')) problems.push(relativeProblem(project, file, specifier));
        continue;
      }
      used.add(name);
      if (isBuiltin(specifier)) problems.push(`${file}: write node:${specifier}`);
      else if (name !== project.name) {
        const target = byName.get(name);
        problems.push(declarationProblem(project, file, name, rootManifest));
        problems.push(target ? ownProblem(project, file, specifier, target) : placeProblem(file, name));
      }
    }
  }
  if (project.tags.length === 0) problems.push(`${project.dir}/package.json: no nx.tags, so no rule applies to it`);
  return [...problems.filter(Boolean), ...unusedProblems(project, used)];
}

/** Nx reads the imports in its own way: its edges must be declared and allowed as well. */
function nxProblems(byName) {
  const file = path.join(repository, '.nx', `graph-${process.pid}.json`);
  const nx = path.join(repository, 'node_modules', 'nx', 'dist', 'bin', 'nx.js');
  const env = { ...process.env, NX_DAEMON: 'false' };
  execFileSync(process.execPath, [nx, 'graph', `--file=${file}`], { cwd: repository, env, stdio: 'ignore' });
  const { graph } = JSON.parse(readFileSync(file, 'utf8'));
  rmSync(file);
  return Object.entries(graph.dependencies).flatMap(([from, edges]) =>
    edges.flatMap(({ target }) => {
      const [source, to] = [byName.get(from), byName.get(target)];
      if (!source || !to) return [];
      const declared = {
        ...source.manifest.dependencies,
        ...source.manifest.devDependencies,
        ...source.manifest.optionalDependencies,
      };
      return [
        ...(target in declared ? [] : [`Nx: ${from} depends on ${target} without declaring it`]),
        ...(mayUse(source, to) ? [] : [`Nx: ${from} must not depend on ${target}`]),
      ];
    }),
  );
}

const option = process.argv.indexOf('--root');
const root = option < 0 ? repository : path.resolve(process.argv[option + 1] ?? '.');
const projects = projectsOf(root);
const byName = new Map(projects.map((project) => [project.name, project]));
const rootManifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const problems = projects.flatMap((project) => problemsOf(root, project, byName, rootManifest));
if (root === repository) problems.push(...nxProblems(byName));
for (const problem of new Set(problems)) console.error(problem);
console.log(
  problems.length === 0
    ? `${projects.length} projects, boundaries kept`
    : `${new Set(problems).size} boundary problems`,
);
process.exit(problems.length === 0 ? 0 : 1);
