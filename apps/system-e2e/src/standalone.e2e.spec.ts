import { describeScenarios } from './scenarios/all.ts';

describeScenarios('standalone');
