#!/bin/sh
# What cargo-fuzz compiles with: only the readers, and the parsers below them, count what they run through. Tensors do not;
# they are quicker to compile and to run without.
case " $* " in
*" --crate-name prefshift "* | *" --crate-name serde_json "* | *" --crate-name csv "* | *" --crate-name csv_core "* | *" --crate-name safetensors "* | *" --crate-name serde_path_to_error "*) exec "$@" ;;
esac
for each; do
  shift
  case $each in
  passes=sancov-module | -Cpasses=sancov-module | codegen-units=1 | -Ccodegen-units=1) ;;
  *) set -- "$@" "$each" ;;
  esac
done
exec "$@"
