"""Pictures in, bytes out: the Jinja environment, confd's functions, read tracking.

Executes templates, which are the operator's, on values, which are nobody's: values
are never evaluated. Writes nothing; any failure of a template is a RenderError.
"""
