"""The bill of materials of the functions' image; ``python -m infra.sbom`` writes it."""
