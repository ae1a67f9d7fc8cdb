export { type Demo, type DemoOptions, setUpDemo } from './demo.ts';
