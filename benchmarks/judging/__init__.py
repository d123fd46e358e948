"""An independent judge of twins made from documents: it reads the document itself and shares nothing with the kit."""
