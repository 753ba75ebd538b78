// The charts: plain classes over plain data, with no framework in them.

export type { Chart, ChartOptions, GroupStyle, Shape, Table } from './chart';
export { GroupBars, type BarsView, type Metric } from './bars';
export { PlaneChart, type PlaneLane, type PlaneOptions, type PlaneView } from './plane';
export { crossingOf, furthest, klLevels, type PlanePoint } from './plane-path';
export { ShiftChart, type ShiftOptions } from './shift';
export { errorAt, mixesWithin, populationAt, valueAt, worstOf, worthAt, worthErrorAt, type Ball, type Curve, type ShiftLane, type ShiftView, type Worth } from './shift-value';
export { SharesChart, type SharesView } from './shares';
export { english, useText, type ChartText } from './text';
export { TiltChart, type TiltOptions, type TiltView } from './tilt';
export { TiltAxes, tiltCurve, type Tilt, type TiltDomain } from './tilt-curve';
export type { TiltKnob } from './tilt-knob';
export { bareNames, fmt, pct, plusMinus } from './format';
export { dashArray, shapePath } from './shapes';
