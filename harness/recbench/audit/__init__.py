"""The referee: is a comparison fair, and can its figures be believed?"""
