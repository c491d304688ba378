/* onnx_reader.h - what the registry sees of the ONNX reader. */
#ifndef SF_ONNX_READER_H
#define SF_ONNX_READER_H

#include "sf/frontend.h"

extern const sf_frontend sf_frontend_onnx;

#endif
