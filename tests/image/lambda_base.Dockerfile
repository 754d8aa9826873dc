# Stand-in for AWS's Lambda base image on Debian: same folders, entry point, runtime client and emulator.
ARG DEBIAN
FROM ${DEBIAN} AS parts
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt
COPY lambda_base.lock /
RUN python -m pip download --quiet --no-cache-dir --no-deps --require-hashes --dest /wheels -r /lambda_base.lock \
    && python -m zipfile -e /wheels/aws_sam_cli-*.whl /sam \
    && rm /wheels/aws_sam_cli-*.whl \
    && install -m 755 /sam/samcli/local/rapid/aws-lambda-rie-$(uname -m | sed s/aarch64/arm64/) /aws-lambda-rie \
    && python -m pip install --quiet --no-cache-dir --no-deps --no-index --target /runtime /wheels/*.whl

FROM ${DEBIAN}
COPY --from=parts /runtime/ /usr/local/lib/python3.13/dist-packages/
COPY --from=parts /aws-lambda-rie /usr/local/bin/
COPY lambda_base.entrypoint /lambda-entrypoint.sh
# AWS's base lets pip write anywhere and lacks some commands: an image that calls them must fail here as well.
RUN rm /usr/lib/python3.13/EXTERNALLY-MANAGED /usr/bin/find /usr/bin/xargs /bin/tar \
    && mkdir -p /var/task /var/runtime \
    && printf '#!/bin/sh\nexec python -m awslambdaric "$_HANDLER"\n' >/var/runtime/bootstrap \
    && chmod 755 /var/runtime/bootstrap /lambda-entrypoint.sh
ENV LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime PIP_CERT=/etc/ssl/certs/ca-certificates.crt
WORKDIR /var/task
ENTRYPOINT ["/lambda-entrypoint.sh"]
