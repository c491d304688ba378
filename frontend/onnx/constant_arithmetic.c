#include "frontend/onnx/onnx.h"
const onnx_evaluator sf_onnx_constant_arithmetic[] = {{0}};
