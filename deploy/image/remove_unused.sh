#!/bin/sh
# Removes from installed packages what production never opens: remove_unused.sh SITE_PACKAGES.
# `make image-check` shows whether the location still works without it.
set -eu
cd "$1"

# Tests. Not all packages': Dagster imports some of its own, and numpy's testing tools two of its files.
rm -r pandas/tests pyarrow/tests joblib/test sqlalchemy/testing
find scipy sklearn networkx greenlet jsonschema websocket -type d -name tests -prune -exec rm -r {} +
find numpy -path '*/tests/*' -type f ! -name __init__.py ! -name _natype.py -delete
rm numpy/_core/_simd.*
# What the browser's debugger shows of Dagster's UI, the film of its dialog for newcomers, which is off, and what its
# page for queries was built of.
find . -name '*.map' -delete
rm dagster_webserver/webapp/build/*.mp4
rm -r dagster_webserver/graphiql
# What compilers, type checkers and translators need.
rm -r pyarrow/include pyarrow/src numpy/distutils
find . -type f \( -name '*.h' -o -name '*.hpp' -o -name '*.c' -o -name '*.cc' -o -name '*.cpp' -o -name '*.a' \
    -o -name '*.pxd' -o -name '*.pxi' -o -name '*.pyx' -o -name '*.tp' -o -name '*.pyi' -o -name '*.po' \) -delete
# Arrow over gRPC.
rm pyarrow/*arrow_flight* pyarrow/*arrow_python_flight* pyarrow/_flight*
# Files that are there twice or three times, because a wheel has no links. Each is loaded by its shortest version.
rm pyarrow/libarrow_python*.so pyarrow/libarrow_python*.so.*.*.*
for library in numpy.libs/*; do
    if cmp -s "$library" "scipy.libs/${library#*/}"; then ln -sf "../$library" scipy.libs/; fi
done
# Mathematics that neither forecasts nor scores use, and files of other programs.
rm -r scipy/cluster scipy/datasets scipy/fftpack scipy/io scipy/odr scipy/signal scipy/stats/_unuran
rm -r sklearn/cluster sklearn/datasets sklearn/feature_selection sklearn/gaussian_process sklearn/impute \
    sklearn/inspection sklearn/manifold sklearn/mixture sklearn/neural_network
# Kubernetes but pods and jobs, of which dagster-k8s makes the runs; the asynchronous client.
rm -r kubernetes/aio
find kubernetes/client/api -name '*_api.py' ! -name core_v1_api.py ! -name batch_v1_api.py ! -name custom_objects_api.py -delete
sed -i -E -e '/^from .*\.api\.[a-z0-9_]+_api import /{/\.(core_v1|batch_v1|custom_objects)_api /!d}' \
    kubernetes/client/__init__.py kubernetes/client/api/__init__.py
python "$OLDPWD/remove_models.py" .
# Spark's interface to DuckDB, Snowflake's asynchronous one, and the colours of languages but Python.
rm -r duckdb/experimental snowflake/connector/aio
find pygments/lexers -name '*.py' ! -name __init__.py ! -name _mapping.py ! -name python.py -delete
# Hive's catalog of Iceberg tables: the lake's is SQL or REST. Another backend for zstandard than its own.
rm -r hive_metastore zstandard/_cffi*
# AWS but S3 and the ways to log in; languages but English, which dbt's tables are formatted in.
find botocore/data -mindepth 1 -maxdepth 1 -type d \
    ! -name s3 ! -name sts ! -name 'sso*' ! -name signin -exec rm -r {} +
find boto3/data -mindepth 1 -maxdepth 1 -type d ! -name s3 -exec rm -r {} +
find babel/locale-data -name '*.dat' ! -name root.dat ! -name 'en*.dat' -delete
# Names for debuggers. Libraries that wheels brought along were patched, and must not be touched again.
find . -name '*.so*' -type f -not -path '*.libs/*' -exec strip --strip-unneeded {} +
# What an installer reads to remove a package. Its name, version and licence stay.
find . -path '*.dist-info/RECORD' -delete
