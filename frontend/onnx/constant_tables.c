/* constant_tables.c - operators that are only evaluated, and those that the
 * reader walks into. */
#include "frontend/onnx/onnx.h"

const onnx_operator sf_onnx_constant_rows[] = {
    {"", "BitwiseAnd", 18, ONNX_OPSET_NEWEST, ONNX_CONST, NULL, ""},
    {"", "BitwiseNot", 18, ONNX_OPSET_NEWEST, ONNX_CONST, NULL, ""},
    {"", "BitwiseOr", 18, ONNX_OPSET_NEWEST, ONNX_CONST, NULL, ""},
    {"", "BitwiseXor", 18, ONNX_OPSET_NEWEST, ONNX_CONST, NULL, ""},
    {"", "Constant", 1, ONNX_OPSET_NEWEST, ONNX_CONST, NULL, ""},
    {"", "ConstantOfShape", 9, ONNX_OPSET_NEWEST, ONNX_CONST, NULL, ""},
    {"", "Cos", 7, ONNX_OPSET_NEWEST, ONNX_CONST, NULL, ""},
    {"", "NonZero", 9, ONNX_OPSET_NEWEST, ONNX_CONST, NULL,
     "the number of results must be known at import"},
    {"", "Range", 11, ONNX_OPSET_NEWEST, ONNX_CONST, NULL,
     "the length must be known at import"},
    {"", "ReduceProd", 1, ONNX_OPSET_NEWEST, ONNX_CONST, NULL, ""},
    {"", "Sin", 7, ONNX_OPSET_NEWEST, ONNX_CONST, NULL, ""},
    {"", "Tan", 7, ONNX_OPSET_NEWEST, ONNX_CONST, NULL, ""},
    {0}};

const onnx_operator sf_onnx_control_rows[] = {
    {"", "If", 1, ONNX_OPSET_NEWEST, ONNX_WALK, NULL, "a constant condition"},
    {"", "Loop", 1, ONNX_OPSET_NEWEST, ONNX_WALK, NULL,
     "unrolled: a constant trip count, 4096 iterations at most"},
    {"", "Scan", 8, ONNX_OPSET_NEWEST, ONNX_WALK, NULL,
     "unrolled, 4096 iterations at most"},
    {0}};
