// Make products, or set the properties of those that are there; a list a column.
UNWIND range(0, size($key) - 1) AS i
MERGE (n:Product {key: $key[i]})
SET n.dataset = $dataset, n.id = $id[i], n.title = $title[i], n.brand = $brand[i],
    n.categories = $categories[i], n.price = $price[i], n.image = $image[i],
    n.community = $community[i], n.retired = null
RETURN count(*) AS rows
