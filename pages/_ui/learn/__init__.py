"""The page of the lessons: their list, one of them, the glossary."""
